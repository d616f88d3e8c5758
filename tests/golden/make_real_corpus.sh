#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds a folder of real text with one sub-folder per domain, all of it from Debian packages:
#   apt-get install man-db groff-base bsdextrautils manpages manpages-de manpages-fr libstdc++-12-dev libpython3.11-stdlib
# usage: make_real_corpus.sh FOLDER
set -eu
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
out=$1
mkdir -p "$out"

# man_pages LANGUAGE-FOLDER DOMAIN SECTION...: rendered to plain UTF-8 text, at most 250 pages of a section.
man_pages() {
  folder=$1 domain=$2
  shift 2
  mkdir -p "$out/$domain"
  for section in "$@"; do
    find "$folder/man$section" -name '*.gz' -type f -size +2k | LC_ALL=C sort | head -n 250 | while read -r page; do
      text="$out/$domain/$(basename "$page" .gz).txt"
      [ -s "$text" ] || zcat "$page" | groff -K utf8 -mandoc -T utf8 -P -cbou 2>/dev/null | col -bx >"$text" || true
    done
  done
}
man_pages /usr/share/man english 2 7 5
man_pages /usr/share/man/de german 1 7 5
man_pages /usr/share/man/fr french 1 7 5

mkdir -p "$out/cpp" "$out/python"
for file in /usr/include/c++/*/*; do
  [ -f "$file" ] && cp "$file" "$out/cpp/$(basename "$file").txt"
done
for file in /usr/include/c++/*/bits/*.h; do cp "$file" "$out/cpp/"; done
for file in /usr/lib/python3.*/*.py; do cp "$file" "$out/python/"; done
find "$out" -type f -size -200c -delete
du -sh "$out"/*
