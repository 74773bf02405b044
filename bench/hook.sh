#!/bin/sh
# Measures ams-hook and prints the table of docs/numbers.md. Arguments go to the
# program: -dir DIR (on a real disk), -quick, -only NAME, -other PROGRAM.
cd "$(dirname "$0")/.." && exec go run ./bench/hook "$@"
