import { readFileSync } from 'node:fs';
import { arch } from 'node:process';

/** The instruction sets that ONNX Runtime's kernels choose by, from the CPU's flags (`/proc/cpuinfo` on Linux): e.g. `avx512+vnni`. */
export function isaFromFlags(flags: ReadonlySet<string>): string {
  const width = flags.has('avx512f') && flags.has('avx512bw') ? 'avx512' : flags.has('avx2') ? 'avx2' : 'sse';
  const extras = [
    flags.has('avx512_vnni') && width === 'avx512' ? 'vnni' : flags.has('avx_vnni') ? 'avxvnni' : '',
    flags.has('amx_int8') ? 'amx' : '',
  ];
  return [width, ...extras.filter(Boolean)].join('+');
}

/** This machine's instruction sets; the architecture's name where the flags cannot be read. */
export function readIsa(): string {
  if (arch !== 'x64') return arch;
  try {
    const flags = /^flags\s*:\s*(.+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
    return flags === undefined ? arch : isaFromFlags(new Set(flags.split(' ')));
  } catch {
    return arch;
  }
}
