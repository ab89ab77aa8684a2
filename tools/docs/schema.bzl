"""A schema with its comments, as the generator of reference pages reads it."""

def schema_descriptors(name, src, imports = [], **kwargs):
    """NAME.binpb: a FileDescriptorSet of `src` and what it imports, with source information.

    Args:
      name: of the rule, and of its file but for the ending.
      src: a .proto file.
      imports: the .proto files that it imports.
      **kwargs: for the genrule.
    """
    native.genrule(
        name = name,
        srcs = [src] + imports,
        outs = [name + ".binpb"],
        cmd = "$(location @com_google_protobuf//:protoc) --include_imports --include_source_info" +
              " --descriptor_set_out=$@ -I. $(location %s)" % src,
        tools = ["@com_google_protobuf//:protoc"],
        **kwargs
    )
