"""External repositories, satisfied by packages of Debian 12 only.

A library is a folder here under its upstream name. Headers lie on the compiler's
own include path (/usr/include), so a target that carries linkopts is enough. Files
from the system are needed of protobuf (protoc, the well-known .proto files) and of
Chart.js (the script that report pages carry).

Upgrading a -dev package does not invalidate Bazel's cache, just as upgrading the
compiler does not: run `bazel clean --expunge` and delete the disk cache after one.
"""

def _protobuf_impl(ctx):
    for path, package in [
        ("/usr/bin/protoc", "protobuf-compiler"),
        ("/usr/include/google/protobuf/message.h", "libprotobuf-dev"),
    ]:
        if not ctx.path(path).exists:
            fail("%s is missing: apt-get install %s (tools/with-deps does it)" % (path, package))
    ctx.symlink("/usr/bin/protoc", "protoc_bin")
    ctx.symlink("/usr/include/google", "src/google")
    ctx.file("WORKSPACE", "workspace(name = \"com_google_protobuf\")\n")
    ctx.symlink(ctx.attr._build_file, "BUILD.bazel")
    ctx.file("bazel/BUILD.bazel", "")
    ctx.file("bazel/proto_library.bzl", "proto_library = native.proto_library\n")
    ctx.file("bazel/cc_proto_library.bzl", "cc_proto_library = native.cc_proto_library\n")

# libprotobuf-dev and protobuf-compiler laid out as upstream's repository is.
_protobuf = repository_rule(
    implementation = _protobuf_impl,
    attrs = {
        "_build_file": attr.label(default = Label("//tools/deps:protobuf.BUILD")),
    },
    local = True,
)

def _chart_js_impl(ctx):
    script = "/usr/share/javascript/chart.js/chart.min.js"
    if not ctx.path(script).exists:
        fail("%s is missing: apt-get install libjs-chart.js (tools/with-deps does it)" % script)
    ctx.symlink(script, "chart.min.js")
    ctx.file("WORKSPACE", "workspace(name = \"chart_js\")\n")
    ctx.file("BUILD.bazel", "exports_files([\"chart.min.js\"])\n")

# libjs-chart.js, for pages that carry it inside.
_chart_js = repository_rule(implementation = _chart_js_impl, local = True)

# Rule sets: Bazel 4's native rules under the labels that newer Bazels load.
# (Debian's own bazel-rules-cc 0.0.4 does not load in Debian's Bazel 4.2.3.)
_RULES = [
    "rules_cc",
    "rules_python",
    "rules_shell",
    "rules_java",  # @bazel_tools loads it
    "bazel_skylib",
    "remote_coverage_tools",  # any test target asks for it
]

_LIBRARIES = [
    "com_google_absl",
    "com_google_googletest",
    "com_github_google_benchmark",
    "random123",
    "rapidjson",
    "boost_math",
    "mpfr",
    "zstd",
    "zlib",
    "libdeflate",
    "sqlite3",
    "openssl",
    "libfuzzer",
]

def keepsim_dependencies(path = "."):
    """Declares every external repository of this workspace.

    Args:
      path: of this tree, as a workspace that uses it gives it to local_repository.
    """
    for name in _RULES + _LIBRARIES:
        if not native.existing_rule(name):
            native.local_repository(name = name, path = path + "/tools/deps/" + name)
    _protobuf(name = "com_google_protobuf")
    _chart_js(name = "chart_js")
    native.register_toolchains("@rules_python//toolchain")
