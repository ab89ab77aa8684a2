"""C++ macros of this workspace: the usual rules with the project's flags.

    load("//tools:cc.bzl", "keepsim_cc_binary", "keepsim_cc_library", "keepsim_cc_test")

Visibility. A package starts with

    package(default_visibility = ["//visibility:private"])

and opens each library to exactly those who may depend on it by the arrows of
docs/README.md, for example in sim/net:

    visibility = [
        "//sim/world:__subpackages__",
        "//tests:__subpackages__",
    ],

Only sim/base is open to all (//:__subpackages__). So an arrow that runs the wrong way
fails when the BUILD file is analysed, before anything is compiled; //tools:lint_test
says the same of #include lines, with the reason.
"""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

COPTS = [
    "-Wall",
    "-Wextra",
    "-Wshadow",
    "-Werror",
    # Designated initialisers name what matters and leave the rest to its default.
    "-Wno-missing-field-initializers",
    # GCC 12 sees overlaps in std::string's own assign() that cannot be (GCC bug 105651).
    "-Wno-restrict",
    # a*b+c is two roundings on every machine, fused multiply-add or not. Never
    # -ffast-math: results must be the same bits everywhere.
    "-ffp-contract=off",
]

# For what runs in every event. Other builds than the optimised one keep their own level.
HOT_COPTS = select({
    "//tools:optimised": ["-O3"],
    "//conditions:default": [],
})

def keepsim_cc_library(name, copts = [], **kwargs):
    """cc_library with the project's flags."""
    cc_library(name = name, copts = COPTS + copts, **kwargs)

def keepsim_cc_binary(name, copts = [], **kwargs):
    """cc_binary with the project's flags."""
    cc_binary(name = name, copts = COPTS + copts, **kwargs)

def keepsim_cc_test(name, copts = [], deps = [], size = "small", gtest_main = True, **kwargs):
    """cc_test with the project's flags, over GoogleTest and GoogleMock.

    Args:
      name: the test.
      copts: after the project's own.
      deps: GoogleTest need not be listed.
      size: "small" (a minute) unless told otherwise.
      gtest_main: False for a test with a main() of its own.
      **kwargs: as for cc_test. tags = ["tsan"] runs it in --config=tsan too;
        tags = ["noasan"] leaves it out of --config=asan.
    """
    gtest = "gtest_main" if gtest_main else "gtest"
    cc_test(
        name = name,
        size = size,
        copts = COPTS + copts,
        deps = deps + ["@com_google_googletest//:" + gtest],
        **kwargs
    )

def keepsim_fuzz_test(name, srcs, deps, corpus = [], **kwargs):
    """A libFuzzer target that is also an ordinary test.

    :NAME replays the corpus under any compiler, through fuzz_replay_main.cc.
    :NAME_fuzzer is the libFuzzer binary:

        bazel run --config=fuzz //tests/fuzz:run -- SECONDS

    Args:
      name: the test.
      srcs: defines LLVMFuzzerTestOneInput.
      deps: what it tests.
      corpus: labels of files or filegroups, each file one input.
      **kwargs: for the test.
    """
    cc_test(
        name = name,
        size = "small",
        srcs = srcs + ["//tools:fuzz_replay_main.cc"],
        copts = COPTS,
        args = ["$(locations %s)" % c for c in corpus],
        data = corpus,
        deps = deps,
        **kwargs
    )
    cc_binary(
        name = name + "_fuzzer",
        testonly = True,
        srcs = srcs,
        copts = COPTS,
        tags = ["manual"],
        deps = deps + ["@libfuzzer"],
    )
