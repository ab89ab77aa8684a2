"""The part of bazel_skylib that this workspace loads: build settings."""

BuildSettingInfo = provider(
    doc = "The value of a build setting.",
    fields = {"value": "the value, as given on the command line or by default"},
)

def _impl(ctx):
    return BuildSettingInfo(value = ctx.build_setting_value)

int_flag = rule(implementation = _impl, build_setting = config.int(flag = True))
bool_flag = rule(implementation = _impl, build_setting = config.bool(flag = True))
string_flag = rule(implementation = _impl, build_setting = config.string(flag = True))
