import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** The part of the compiler's interface used here; its own typings replace the global console's for the whole package. */
interface Compiler {
  main(
    args: readonly string[],
    files: {
      readFile(name: string): string | null;
      writeFile(name: string, contents: string | Uint8Array): void;
      listFiles(): string[];
    },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>;
}
const { main }: Compiler = await import(import.meta.resolve('assemblyscript/asc'));

/**
 * Compiles kernel.as twice (plain and relaxed SIMD) into kernel.wasm.ts beside it. With --check it writes nothing and
 * ends with status 1 when the committed file differs. Runs from the compiled output, reads and writes the source tree.
 */
const folder = new URL('../../../seal/erasure/', import.meta.url);
const target = new URL('kernel.wasm.ts', folder);

async function compile(features: string): Promise<Buffer> {
  const source = await readFile(new URL('kernel.as', folder), 'utf8');
  let binary: Uint8Array | undefined;
  const options = ['-O3', '--noAssert', '--runtime', 'stub', '--initialMemory', '16', '--enable', features];
  const { error, stderr } = await main(['kernel.ts', '--outFile', 'kernel.wasm', ...options], {
    readFile: (name) => (name === 'kernel.ts' ? source : null),
    writeFile: (_name, contents) => {
      if (typeof contents !== 'string') binary = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined)
    throw new Error(`the kernel does not compile: ${stderr.toString()}`, { cause: error });
  return Buffer.from(binary);
}

function literal(name: string, binary: Buffer): string {
  const lines = binary.toString('base64').match(/.{1,110}/g) ?? [];
  return `export const ${name} =\n${lines.map((line) => `  '${line}'`).join(' +\n')};\n`;
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const text = [
  '// Generated from kernel.as by `npm run kernel -w pipelines`. Base64 of two WebAssembly modules.\n',
  literal('plainKernel', await compile('simd')),
  literal('relaxedKernel', await compile('simd,relaxed-simd')),
].join('\n');

if (!values.check) await writeFile(target, text);
else if ((await readFile(target, 'utf8')) === text)
  console.log(`${fileURLToPath(target)} is what kernel.as compiles to`);
else {
  console.error(`${fileURLToPath(target)} differs from what kernel.as compiles to: run npm run kernel -w pipelines`);
  process.exitCode = 1;
}
