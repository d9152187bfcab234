#!/usr/bin/env node
// The first thing that runs in a fresh clone, so it is plain JavaScript for any Node from 18 on: installs what the lockfile names,
// compiles, and goes on under the Node 24 that npm brought. `bootstrap.mjs <command…>` runs dcloud; `--jest …` the tests, `--bench …` a benchmark.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const modules = join(root, 'node_modules');
const bin = join(modules, '.bin');
const path = `${bin}:${process.env.PATH ?? ''}`;

function say(text) {
  process.stderr.write(`${text}\n`);
}

function run(command, args, stdio = ['ignore', 2, 2]) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio, env: { ...process.env, PATH: path } });
  if (error) return { ok: false, code: 1, why: error.message };
  return { ok: status === 0, code: status ?? 1, why: signal ? `ended by ${signal}` : `exit ${status}` };
}

/** The packages of a lockfile by the path they are installed at. */
function packagesIn(lockfile) {
  return JSON.parse(readFileSync(lockfile, 'utf8')).packages;
}

/** npm writes down what it installed, at the end: installed means that this is what the lockfile names, whoever typed the command. */
function isInstalled() {
  const written = join(modules, '.package-lock.json');
  if (!existsSync(written)) return false;
  const there = packagesIn(written);
  return Object.entries(packagesIn(join(root, 'package-lock.json'))).every(
    ([path, { optional, version, integrity }]) =>
      !path.includes('node_modules/') ||
      optional ||
      (there[path]?.version === version && there[path]?.integrity === integrity),
  );
}

function install() {
  if (isInstalled()) return;
  say('Installing packages from the lockfile (about a minute) …');
  const done = run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error']);
  if (!done.ok) fail(`npm ci failed (${done.why}). See what it printed above; running the same command again is safe.`);
}

function build() {
  const done = run(join(bin, 'tsc'), ['-b']);
  if (!done.ok) fail('The TypeScript build failed. See what the compiler printed above.');
}

function node24() {
  const own = join(bin, 'node');
  if (existsSync(own)) return own;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  return fail('Node 24 is needed, and npm has no build of it for this platform: install Node 24 and run this again.');
}

function fail(sentence) {
  say(`dcloud: ${sentence}`);
  process.exit(1);
}

install();
build();
const quiet = '--disable-warning=ExperimentalWarning';
// As the supervisor runs a gateway, whose place a benchmark takes.
const collecting = ['--heap-growing-percent=100', '--max-semi-space-size=2', '--single-threaded-gc', '--expose-gc'];
const [first, ...rest] = process.argv.slice(2);
const program =
  first === '--jest'
    ? ['--experimental-vm-modules', quiet, join(modules, 'jest/bin/jest.js'), ...rest]
    : first === '--bench'
      ? [quiet, ...collecting, join(root, 'test/dist/bench/main.js'), ...rest]
      : [quiet, join(root, 'gateway/dist/cli/main.js'), ...process.argv.slice(2)];
// The program owns the terminal from here on; Ctrl-C reaches it first and this process must outlive it to pass on its exit code.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.exit(run(node24(), program, 'inherit').code);
