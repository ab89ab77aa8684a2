"""Scenario files as Bazel targets.

    load("//tools:keepsim.bzl", "keepsim_scenario")

    keepsim_scenario(name = "my_fleet", src = "my_fleet.textproto")

makes

    bazel run  //PACKAGE:my_fleet          runs it; further arguments are keepsim's
    bazel build //PACKAGE:my_fleet_result  its trace.kst, summary.json and report.html
    bazel test //PACKAGE:my_fleet_test     its expectations and the model's invariants

and for sweeps (docs/sweeps.md)

    load("//tools:keepsim.bzl", "keepsim_sweep")

    keepsim_sweep(name = "my_sweep", src = "sweep.textproto", data = ["fleet.textproto"], shards = 8)

makes

    bazel run   //PACKAGE:my_sweep         runs it; further arguments are keepsim's
    bazel build //PACKAGE:my_sweep_result  its sweep.sqlite and report.html, merged from 8 build actions
    bazel test  //PACKAGE:my_sweep_test    runs it and fails if a run of it does

    keepsim_tune(name = "my_tuning", src = "tune.textproto")

makes

    bazel run //PACKAGE:my_tuning          looks for the choice that meets its wishes (docs/tuning.md)

What `keepsim shrink` or `keepsim hunt` has written down (docs/hunting.md) stays found with

    load("//tools:keepsim.bzl", "keepsim_replay_test")

    keepsim_replay_test(
        name = "wait_meets_burst_test",
        src = "wait_meets_burst.textproto",
        expect = ["false/packets_lost/client"],
    )
"""

load("@rules_shell//shell:sh_binary.bzl", "sh_binary")
load("@rules_shell//shell:sh_test.bzl", "sh_test")

# As seen from here, also when another repository loads this file.
_KEEPSIM = str(Label("//tools:keepsim"))
_EXEC = str(Label("//tools:exec.sh"))
_REPLAY = str(Label("//tools:replay_test.sh"))

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
    results = [trace, summary, report]
    return [DefaultInfo(files = depset(results), runfiles = ctx.runfiles(files = results))]

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
    data = [_KEEPSIM, src]
    command = ["$(location %s)" % _KEEPSIM, "run", "$(location %s)" % src]
    sh_binary(
        name = name,
        srcs = [_EXEC],
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
        srcs = [_EXEC],
        args = command + overrides,
        data = data,
        tags = tags,
    )

def _sweep_result_impl(ctx):
    inputs = [ctx.file.src] + ctx.files.data
    keepsim = ctx.executable._keepsim

    # Each part is a sweep file of its own, with what its points need and nothing else: a part that
    # has not changed is not run again.
    parts = [
        ctx.actions.declare_file("%s/parts/part%d.textproto" % (ctx.label.name, i + 1))
        for i in range(ctx.attr.shards)
    ]
    args = ctx.actions.args()
    args.add("sweep")
    args.add(ctx.file.src)
    args.add("--split", str(ctx.attr.shards))
    args.add("--out", parts[0].dirname)
    ctx.actions.run(
        inputs = inputs,
        executable = keepsim,
        outputs = parts,
        arguments = [args],
        mnemonic = "KeepsimSplit",
        progress_message = "Splitting %s" % ctx.label,
    )
    stores = []
    for i, part in enumerate(parts):
        store = ctx.actions.declare_file("%s/shard%d/sweep.sqlite" % (ctx.label.name, i + 1))
        args = ctx.actions.args()
        args.add("sweep")
        args.add(part)
        args.add("--out", store.dirname)

        # Bazel runs the shards side by side; one thread also writes the same bytes each time.
        args.add("--threads", "1")
        ctx.actions.run_shell(
            inputs = [part],
            tools = [keepsim],
            outputs = [store],
            # Failed runs (1, 3) are in the store, for the merge to say.
            command = '"$@" > /dev/null; code=$?; case $code in 1 | 3) ;; *) exit $code ;; esac',
            arguments = [keepsim.path, args],
            mnemonic = "KeepsimSweep",
            progress_message = "Sweeping %s, shard %d of %d" % (ctx.label, i + 1, len(parts)),
        )
        stores.append(store)
    merged = ctx.actions.declare_file(ctx.label.name + "/sweep.sqlite")
    report = ctx.actions.declare_file(ctx.label.name + "/report.html")
    args = ctx.actions.args()
    args.add("merge")
    args.add_all([s.dirname for s in stores])
    args.add("--sweep", ctx.file.src)
    args.add("--out", merged.dirname)
    ctx.actions.run_shell(
        inputs = stores + inputs,
        tools = [keepsim],
        outputs = [merged, report],
        # Failed runs (1, 3) are in the result, and stderr names them: the others are worth having.
        command = '"$@"; code=$?; case $code in 1 | 3) ;; *) exit $code ;; esac',
        arguments = [keepsim.path, args],
        mnemonic = "KeepsimMerge",
        progress_message = "Merging %s" % ctx.label,
    )
    return [DefaultInfo(
        files = depset([merged, report]),
        runfiles = ctx.runfiles(files = [merged, report]),
    )]

_keepsim_sweep_result = rule(
    implementation = _sweep_result_impl,
    attrs = {
        "src": attr.label(allow_single_file = True, mandatory = True),
        "data": attr.label_list(allow_files = True),
        "shards": attr.int(default = 1),
        "_keepsim": attr.label(
            default = Label("//tools:keepsim"),
            executable = True,
            cfg = "target",
        ),
    },
)

def keepsim_sweep(name, src, data = [], shards = 1, test_size = "small", tags = []):
    """One sweep file and everything that follows from it.

    Args:
      name: the targets' name.
      src: the sweep file.
      data: the base scenario, if it is a file of its own.
      shards: build actions that NAME_result is made of; at most as many as there are points. A
        multiple of the size of the last axis keeps each of its values in shards of its own.
      test_size: of the test.
      tags: of the test.
    """
    if shards < 1:
        fail("shards = %d: at least one is needed" % shards)
    command = ["$(location %s)" % _KEEPSIM, "sweep", "$(location %s)" % src]
    sh_binary(
        name = name,
        srcs = [_EXEC],
        args = command,
        data = [_KEEPSIM, src] + data,
    )
    _keepsim_sweep_result(
        name = name + "_result",
        src = src,
        data = data,
        shards = shards,
        tags = ["manual"],
    )
    sh_test(
        name = name + "_test",
        size = test_size,
        srcs = [_EXEC],
        args = command,
        data = [_KEEPSIM, src] + data,
        tags = tags,
    )

def keepsim_tune(name, src, data = []):
    """A tune file (docs/tuning.md): bazel run //PACKAGE:NAME looks for its answer.

    Args:
      name: the target's name.
      src: the tune file.
      data: the base scenario, if it is a file of its own.
    """
    sh_binary(
        name = name,
        srcs = [_EXEC],
        args = ["$(location %s)" % _KEEPSIM, "tune", "$(location %s)" % src],
        data = [_KEEPSIM, src] + data,
    )

def keepsim_replay_test(name, src, expect = [], expect_not = [], size = "small", tags = []):
    """A failure that was found once, and is still there; or that was mended, and stays away.

    Args:
      name: of the test.
      src: a scenario, which is run; or a trace, which must meet its digest when it is run again.
      expect: signatures (docs/hunting.md) that it must show, whole or their beginning:
        "false/packets_lost/client", "transient".
      expect_not: signatures that it must not show.
      size: of the test.
      tags: of the test.
    """
    args = ["$(location %s)" % _KEEPSIM, "$(location %s)" % src]
    for signature in expect:
        args += ["--expect", signature]
    for signature in expect_not:
        args += ["--expect-not", signature]
    sh_test(
        name = name,
        size = size,
        srcs = [_REPLAY],
        args = args,
        data = [_KEEPSIM, src],
        tags = tags,
    )
