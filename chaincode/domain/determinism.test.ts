/** What runs on peers must give the same bytes on all of them: the sources are searched for what differs between machines. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));

const banned: readonly (readonly [string, RegExp])[] = [
  ['the clock', /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bperformance\b|\bhrtime\b/],
  ['randomness', /\bMath\.random\b|\brandom(Bytes|UUID|Int)\b|\bgetRandomValues\b|\bgenerateKey/],
  ['the locale', /\btoLocale\w*|\blocaleCompare\b|\bIntl\b/],
  ['local time', /\.get(FullYear|Month|Date|Day|Hours|Minutes|TimezoneOffset)\b/],
  ['the environment', /\bprocess\.(?!stdout)\w+/],
  [
    'timers and the network',
    /\bset(Timeout|Interval|Immediate)\b|\bfetch\(|node:(fs|net|http|https|dns|os|child_process)\b/,
  ],
  ['floats', /\bparseFloat\b|\bMath\.(sin|cos|exp|log|pow|sqrt)\b/],
  [
    'queries that are not checked again when a block commits',
    /\bgetQueryResult|WithPagination\b|\bgetHistoryForKey\b|PartialCompositeKey/,
  ],
  ['composite keys', /\bcreateCompositeKey\b/],
];

function sources(): readonly (readonly [string, string])[] {
  return ['domain', 'contracts'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => [join(folder, file), readFileSync(join(root, folder, file), 'utf8')] as const),
  );
}

/** Code without comments: what stands in them runs nowhere. */
function code(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
}

test('nothing in the rules or the contracts asks what differs between peers', () => {
  const files = sources();
  expect(files.length).toBeGreaterThan(35);
  expect(files.map(([path]) => dirname(path))).toEqual(expect.arrayContaining(['domain', 'contracts']));
  const found = files.flatMap(([path, source]) =>
    banned.filter(([, pattern]) => pattern.test(code(source))).map(([what]) => `${path} asks for ${what}`),
  );
  expect(found).toEqual([]);
});

test.each([
  ['the clock', 'const now = Date.now();'],
  ['the clock', 'new Date( ).toISOString()'],
  ['randomness', 'x = Math.random()'],
  ['the locale', 'names.sort((a, b) => a.localeCompare(b))'],
  ['local time', 'new Date(0).getHours()'],
  ['the environment', 'process.env.HOME'],
  ['timers and the network', 'setTimeout(go, 1)'],
  ['floats', 'parseFloat("1")'],
  ['queries that are not checked again when a block commits', 'stub.getQueryResult("{}")'],
  ['composite keys', 'stub.createCompositeKey("a", [])'],
])('the search finds %s where it is planted', (what, planted) => {
  const pattern = banned.find(([name]) => name === what)?.[1];
  expect(pattern?.test(code(`/* harmless */ ${planted} // ${'x'}`))).toBe(true);
});

test('imports of the rules are their own files and node:crypto alone', () => {
  const imports = sources()
    .filter(([path]) => path.startsWith('domain'))
    .flatMap(([path, source]) => [...source.matchAll(/from '([^']+)'/g)].map(([, from]) => ({ path, from })));
  expect(imports.length).toBeGreaterThan(60);
  const strange = imports.filter(({ from }) => !/^\.\/[a-z-]+\.ts$/.test(from ?? '') && from !== 'node:crypto');
  expect(strange).toEqual([]);
});
