import { statSync } from 'node:fs';

/** What takes a minute or more, the longest first: begun late, one of them would keep one core waiting at the end. */
const longest = [
  'faults/kills',
  'attacks/attacks',
  'publish/publish-version',
  'scenarios/organizations-and-rights-that-go-away',
  'network/fabric-ledger',
  'network/described-networks',
  'network/organization-lost',
  'network/fabric-processes',
  'network/differential',
  'faults/storage-lost-bytes',
  'scenarios/the-demo-killed-and-played-again',
  'scenarios/a-person-at-the-command-line',
  'suites/admin/embedded-admin',
  'suites/ledger/embedded-ledger',
];

/** Orders test files: those first, the others by their size, which is all that is known of them on a fresh machine. */
export default class {
  sort(tests) {
    const place = ({ path }) => {
      const at = longest.findIndex((name) => path.endsWith(`${name}.test.js`));
      return at === -1 ? longest.length : at;
    };
    const sizes = new Map(tests.map((test) => [test, statSync(test.path).size]));
    return [...tests].sort((a, b) => place(a) - place(b) || sizes.get(b) - sizes.get(a));
  }

  shard(tests, { shardIndex, shardCount }) {
    return tests.filter((_, at) => at % shardCount === shardIndex - 1);
  }

  allFailedTests() {
    return [];
  }

  cacheResults() {}
}
