import { expect, test } from '@jest/globals';
import { type GrantImpactView, grantImpactText } from './grant-impact.ts';

const done = Array.from({ length: 12 }, (_, at) => ({ id: `job_done_${at}`, state: 'succeeded', rows: 1 }));
const results = done.map((_, at) => ({ version: `vers_${at}`, title: 'Labels', owner: 'BirchMSP', number: 1 }));
const impact: GrantImpactView = {
  grant: 'grnt_1',
  state: 'issued',
  running: 1,
  finished: done.length,
  jobs: [{ id: 'job_1', state: 'running', rows: 14 }, ...done],
  derived: results,
  organizations: [{ mspId: 'BirchMSP', parts: ['grantee', 'owner of derived data'] }],
  accesses: { allowed: 3, denied: 1 },
  complete: true,
};

test('a preview of a revoke names the jobs that end, and says what stays', () => {
  const text = grantImpactText(impact);
  expect(text).toContain('jobs that end: 1\n    job_1, 14 rows\n');
  expect(text).not.toContain('job_done_0');
  expect(text).toContain('derived versions, which stay: 12\n    vers_0 of BirchMSP: Labels, version 1');
  expect(text).toContain('    and 2 more');
  expect(text).toContain('3 allowed, 1 denied');
  expect(text).toContain('BirchMSP (grantee, owner of derived data)');
  expect(grantImpactText({ ...impact, complete: false })).toContain('12 or more');
});
