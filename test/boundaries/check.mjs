// Checks the import directions, and proves that it looked: enough modules were cruised, and a planted violation of every rule is found.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const packages = ['chaincode', 'network', 'pipelines', 'gateway', 'test'];
const leastModules = 150;

function cruise(targets) {
  const { stdout, stderr } = spawnSync(
    join(root, 'node_modules/.bin/depcruise'),
    ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', ...targets],
    { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 },
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

function plant() {
  const files = [];
  const write = (file, content) => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), `${content}\n`);
    files.push(file);
  };
  const found = new Set();
  try {
    write('test/planted.ts', 'export {};');
    for (const [rule, [folder, first, second]] of Object.entries(planted)) {
      write(`${folder}/planted-violation.ts`, first);
      if (second) write(`${folder}/planted-violation-2.ts`, second);
      const { violations } = cruise([`${folder}/planted-violation.ts`]);
      if (violations.some((violation) => violation.rule.name === rule)) found.add(rule);
      rmSync(join(root, folder, 'planted-violation.ts'));
    }
  } finally {
    for (const file of files) rmSync(join(root, file), { force: true });
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
