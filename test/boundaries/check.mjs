// Checks the import directions, and proves that it looked: enough modules were cruised, and a planted violation of every rule is found.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const packages = ['chaincode', 'network', 'pipelines', 'gateway', 'test'];
const leastModules = 150;

function cruise(targets, cwd = root) {
  const { stdout, stderr } = spawnSync(
    join(root, 'node_modules/.bin/depcruise'),
    ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', ...targets],
    { cwd, encoding: 'utf8', maxBuffer: 2 ** 28 },
  );
  try {
    return JSON.parse(stdout).summary;
  } catch {
    throw new Error(`dependency-cruiser gave no answer: ${stderr}`);
  }
}

/** One violation for each rule: where it is planted and what it imports. */
const planted = {
  'domain-imports-nothing': ['chaincode/domain', "import 'node:fs';"],
  'contracts-see-domain-and-fabric': ['chaincode/contracts', "import 'node:fs';"],
  'one-door-to-fabric-contract-api': ['chaincode/contracts', "import 'fabric-contract-api';"],
  'only-the-domain-leaves-chaincode': ['gateway/http', "import '../../chaincode/contracts/index.ts';"],
  'network-stands-alone': ['network/store', "import '../../gateway/config.ts';"],
  'pipelines-know-no-gateway': ['pipelines/seal', "import '../../gateway/config.ts';"],
  'only-the-compute-node-sees-the-network': ['pipelines/seal', "import '../../network/ledger/fault.ts';"],
  'pipelines-know-no-http-server': ['pipelines/seal', "import 'express';"],
  'routes-know-no-adapter': ['gateway/routes', "import '../../network/store/index.ts';"],
  'nobody-imports-test': ['network/store', "import '../../test/planted.ts';"],
  'tests-are-leaves': ['network/ledger', "import './signing.test.ts';"],
  'no-unresolvable': ['network/store', "import './nowhere.ts';"],
  'no-cycles': ['network/store', "import './planted-violation-2.ts';", "import './planted-violation.ts';"],
};

/** Plants in a copy of the sources, so that the working tree never holds a violation, not even for whoever builds it meanwhile. */
function plant() {
  const copy = mkdtempSync(join(tmpdir(), 'boundaries-'));
  const passedOver = new Set(['node_modules', 'dist', 'samples']);
  const found = new Set();
  try {
    for (const name of packages) {
      cpSync(join(root, name), join(copy, name), {
        recursive: true,
        filter: (path) => !passedOver.has(basename(path)),
      });
    }
    for (const name of ['.dependency-cruiser.mjs', 'package.json']) cpSync(join(root, name), join(copy, name));
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    const write = (file, content) => {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      writeFileSync(join(copy, file), `${content}\n`);
    };
    write('test/planted.ts', 'export {};');
    for (const [rule, [folder, first, second]] of Object.entries(planted)) {
      write(`${folder}/planted-violation.ts`, first);
      if (second) write(`${folder}/planted-violation-2.ts`, second);
      const { violations } = cruise([`${folder}/planted-violation.ts`], copy);
      if (violations.some((violation) => violation.rule.name === rule)) found.add(rule);
      rmSync(join(copy, folder, 'planted-violation.ts'));
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  return found;
}

const { default: config } = await import(join(root, '.dependency-cruiser.mjs'));
const rules = config.forbidden.map(({ name }) => name);
const found = plant();
const blind = rules.filter((rule) => !found.has(rule));
const { violations, totalCruised } = cruise(packages);
for (const { rule, from, to } of violations) console.error(`${rule.name}: ${from} → ${to}`);
if (blind.length > 0) console.error(`planted violations not found: ${blind.join(', ')}`);
if (totalCruised < leastModules) console.error(`only ${totalCruised} modules were cruised: did it look?`);
const ok = violations.length === 0 && blind.length === 0 && totalCruised >= leastModules;
console.log(
  `boundaries: ${totalCruised} modules, ${rules.length} rules, ${violations.length} violations, ${found.size} planted violations found`,
);
process.exit(ok ? 0 : 1);
