#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the switcher: build.sh OUTFILE. Needs gcc and the kernel's user headers.
set -eu
out=$1
cd "$(dirname "$0")"
mkdir -p "$(dirname "$out")"
exec "${CC:-gcc}" -std=gnu11 -O2 -g0 -Wall -Wextra -Werror \
	-ffreestanding -nostdlib -static -no-pie -fPIE -fvisibility=hidden \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
	-mgeneral-regs-only -mno-red-zone -fno-tree-loop-distribute-patterns \
	-I../../../include \
	-Wl,-T,switcher.lds -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
	-o "$out" ./*.c ./*.S
