"""`logloom token`: a token for `bearertokenauth`, and what of it is stored."""

import argparse
import sys

SUMMARY = "make a token for those who send, and the hash to store of it"
EPILOG = """\
The token is 256 bits of chance, and is shown once: give it to the sender. The hash belongs in the config of the
receiver's bearertokenauth, or in its file; who reads it there cannot send with it. The name is who the sender is:
it is the identity of its records, and what service.identities goes by.

With --hash, the token is read from standard input, and its line is printed alone.

examples:
  logloom token --name shop
  logloom token --name shop --append /etc/logloom/tokens
  pass show logloom/shop | logloom token --name shop --hash"""

NAME_CHARS_MAX = 200
"""The longest name."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """`--name`, `--append` and `--hash`."""
    parser.add_argument(
        "--name", default="", metavar="NAME", help="who sends with it (default: its number in the file)"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--append", metavar="FILE", help="write the hash to the end of this file; the token alone is shown"
    )
    what.add_argument("--hash", action="store_true", help="make none: read one from standard input, and print its hash")


def run(args: argparse.Namespace) -> int:
    """Make one; 2 where the name or the token will not do."""
    from logloom.access.secrets import hash_of, new_token
    from logloom.extensions.bearertokenauth import checked

    name = args.name.strip()
    if len(name) > NAME_CHARS_MAX or not name.isascii() or not name.isprintable():
        print(f"logloom: a name has at most {NAME_CHARS_MAX} printable ASCII characters", file=sys.stderr)
        return 2
    token = checked(sys.stdin.readline().strip()) if args.hash else new_token()
    line = f"{hash_of(token)} {name}".strip()
    if args.hash:
        print(line)
    elif args.append:
        with open(args.append, "a", encoding="utf-8") as file:
            file.write(f"{line}\n")
        print(token)
    else:
        print(f"token  {token}\nstore  {line}")
    return 0
