"""Scenario files as Bazel targets.

    load("//tools:keepsim.bzl", "keepsim_scenario")

    keepsim_scenario(name = "my_fleet", src = "my_fleet.textproto")

makes

    bazel run  //PACKAGE:my_fleet          runs it; further arguments are keepsim's
    bazel build //PACKAGE:my_fleet_result  its trace.kst, summary.json and report.html
    bazel test //PACKAGE:my_fleet_test     its expectations and the model's invariants
"""

load("@rules_shell//shell:sh_binary.bzl", "sh_binary")
load("@rules_shell//shell:sh_test.bzl", "sh_test")

def _result_impl(ctx):
    trace = ctx.actions.declare_file(ctx.label.name + "/trace.kst")
    summary = ctx.actions.declare_file(ctx.label.name + "/summary.json")
    report = ctx.actions.declare_file(ctx.label.name + "/report.html")
    args = ctx.actions.args()
    args.add("run")
    args.add(ctx.file.src)
    args.add("--out", trace.dirname)
    args.add("--force")
    for override in ctx.attr.set:
        args.add("--set", override)
    ctx.actions.run_shell(
        inputs = [ctx.file.src],
        tools = [ctx.executable._keepsim],
        outputs = [trace, summary, report],
        # An expectation that is not met (1) is for the test to say.
        command = '"$@" > /dev/null || [ $? = 1 ]',
        arguments = [ctx.executable._keepsim.path, args],
        mnemonic = "KeepsimRun",
        progress_message = "Simulating %s" % ctx.label,
    )
    return [DefaultInfo(files = depset([trace, summary, report]))]

_keepsim_result = rule(
    implementation = _result_impl,
    attrs = {
        "src": attr.label(allow_single_file = True, mandatory = True),
        "set": attr.string_list(),
        "_keepsim": attr.label(
            default = Label("//tools:keepsim"),
            executable = True,
            cfg = "target",  # built once, under the flags of the command line
        ),
    },
)

def keepsim_scenario(name, src, set = [], test_set = [], test_size = "small", tags = []):
    """One scenario file and everything that follows from it.

    Args:
      name: the targets' name.
      src: the scenario file.
      set: overrides for all targets, as for --set ("groups[0].count=10").
      test_set: further overrides for the test, to make a large scenario small.
      test_size: of the test.
      tags: of the test.
    """
    overrides = []
    for override in set:
        overrides += ["--set", override]
    data = ["//tools:keepsim", src]
    command = ["$(location //tools:keepsim)", "run", "$(location %s)" % src]
    sh_binary(
        name = name,
        srcs = ["//tools:exec.sh"],
        args = command + overrides,
        data = data,
    )
    _keepsim_result(
        name = name + "_result",
        src = src,
        set = set,
        tags = ["manual"],
    )
    for override in test_set:
        overrides += ["--set", override]
    sh_test(
        name = name + "_test",
        size = test_size,
        srcs = ["//tools:exec.sh"],
        args = command + overrides,
        data = data,
        tags = tags,
    )
