/** Real orderers and peers as processes of ours: what survives a stop, a kill and a stranger on a port. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { text } from '../suites/ledger/answers.ts';
import { ProbeConsortium } from '../suites/ledger/probe-consortium.ts';
import { until } from '../support/until.ts';
import { realPrograms } from './found-programs.ts';

const within = 240_000;

describe.each(Object.entries(realPrograms.fabrics))('a network of %s', (_, binaries) => {
  test(
    'keeps its data when it is stopped and started again, goes on when an orderer and a peer are killed, and is not started onto a port that a stranger has since',
    async () => {
      await using consortium = await ProbeConsortium.start(
        { kind: 'fabric', binaries },
        { chaincodes: [{ name: 'probe' }] },
      );
      await consortium.ledger('A').submit('put', ['kept', '1']);
      const height = await consortium.ledger('A').height();
      await consortium.restart();
      expect(text(await consortium.ledger('B').evaluate('get', ['kept']))).toBe('1');
      expect(await consortium.ledger('C').height()).toBe(height);
      for (const name of ['orderer-b', 'peer-b']) await consortium.programs.get(name)!.kill();
      const submit = () => consortium.ledger('A').submit('put', ['after', '1']);
      await until('two of three to go on', async () => (await submit()).blockNumber >= height, 90_000);
      expect(text(await consortium.ledger('C').evaluate('get', ['kept']))).toBe('1');

      const pids = [...consortium.programs.values()].map(({ pid }) => pid);
      const core = JSON.parse(await readFile(`${consortium.directory}/nodes/b/peer/core.yaml`, 'utf8'));
      const [host, port] = core.peer.address.split(':');
      const stranger = createServer((socket) => socket.destroy());
      await once(stranger.listen(Number(port), host), 'listening');
      await expect(consortium.restart()).rejects.toThrow(
        `port ${port}, which peer-b needs, is taken by another program`,
      );
      for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      stranger.close();
      await once(stranger, 'close');
      await consortium.restart();
      expect(text(await consortium.ledger('B').evaluate('get', ['after']))).toBe('1');
    },
    within,
  );
});

if (Object.keys(realPrograms.fabrics).length === 0)
  test.skip('left out: there is no real Fabric here', () => undefined);
