// The same stories and the same main job on real Fabric and Kubo, two networks at a time: most of what they do is wait. Programs that
// are not here are left out and named by left-out.test. Build first.
import { fileURLToPath } from 'node:url';
import base from '../../jest.config.mjs';
import { findRealPrograms } from '../dist/network/real-programs.js';

const { reporters, maxWorkers, testTimeout: _, testSequencer, ...project } = base;
const realPrograms = await findRealPrograms(process.env);
const { fabrics, ipfs } = realPrograms;
const inFolder = '<rootDir>/test/dist/network';
const scenario = (name) => `<rootDir>/test/dist/scenarios/${name}.test.js`;
const mainJob = scenario('publish-grant-run-and-read');
// What is purged, what is removed from storage nodes, and keys that come back are for a real peer and real Kubo to show too. Releases do
// not differ there.
const rights = scenario('who-can-read-what');
// Projects resolve a relative root against the first one's, so it is said whole.
const rootDir = fileURLToPath(new URL('../..', import.meta.url));
const shared = { ...project, rootDir, testPathIgnorePatterns: ['/node_modules/'] };
const released = Object.entries(ipfs ? fabrics : {});

export default {
  rootDir,
  reporters,
  testSequencer,
  maxWorkers,
  testTimeout: 120_000,
  projects: [
    {
      ...shared,
      displayName: 'the real network',
      testMatch: [`${inFolder}/**/*.test.js`],
      globals: { realPrograms, ...(released.length > 0 ? { networkKind: networkOf(released[0][1]) } : {}) },
    },
    ...released.map(([label, binaries], at) => ({
      ...shared,
      displayName: `the main job on ${label}`,
      testMatch: at === released.length - 1 ? [mainJob, rights] : [mainJob],
      globals: { realPrograms, networkKind: networkOf(binaries) },
    })),
  ],
};

function networkOf({ peer }) {
  return { kind: 'real', binaries: peer.slice(0, peer.lastIndexOf('/')) };
}
