#!/usr/bin/python3
"""Text files as C++ constants.

    embed.py OUT.cc HEADER NAME=FILE...

defines `const absl::string_view keepsim::NAME` for each, as HEADER declares them.
"""

import sys

# Compilers limit the length of one literal; concatenated ones of this size are far below.
LITERAL_BYTES = 8000


def literal(data: bytes) -> str:
    out = []
    for byte in data:
        char = chr(byte)
        if char in '"\\?':
            out.append("\\" + char)
        elif char == "\n":
            out.append("\\n")
        elif 0x20 <= byte < 0x7F:
            out.append(char)
        else:
            out.append("\\%03o" % byte)
    return '"%s"' % "".join(out)


def main() -> None:
    out, header, pairs = sys.argv[1], sys.argv[2], sys.argv[3:]
    lines = ['#include "%s"' % header, "", "namespace keepsim {", ""]
    for pair in pairs:
        name, path = pair.split("=", 1)
        with open(path, "rb") as file:
            data = file.read()
        pieces = [data[i : i + LITERAL_BYTES] for i in range(0, len(data), LITERAL_BYTES)] or [b""]
        lines.append("static const char %sBytes[] =" % name)
        lines += ["    " + literal(piece) for piece in pieces]
        lines[-1] += ";"
        lines.append("const absl::string_view %s(%sBytes, %d);" % (name, name, len(data)))
    lines += ["", "}  // namespace keepsim", ""]
    with open(out, "w", encoding="ascii") as file:
        file.write("\n".join(lines))


if __name__ == "__main__":
    main()
