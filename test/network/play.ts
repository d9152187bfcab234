import { generateKeyPairSync } from 'node:crypto';
import { signLowS } from '@d-cloud/network/ledger';
import { status } from '@grpc/grpc-js';
import { type Contract, GatewayError, type Transaction } from '@hyperledger/fabric-gateway';
import { text } from '../suites/ledger/answers.ts';
import { type Member, members, type ProbeConsortium } from '../suites/ledger/probe-consortium.ts';
import { callRaw, editedProposal, field, submitRequest } from '../suites/ledger/raw-calls.ts';
import { until } from '../support/until.ts';
import type { Step } from './script.ts';

/** What a client saw of a whole script, with what differs from run to run (ids, addresses, block numbers) taken out. */
export interface Played {
  /** One line per step: response, validation code or refusal. */
  readonly outcomes: readonly string[];
  /** Keys, values, policies and histories at the end, as each organization reads them. */
  readonly state: readonly string[];
  readonly events: readonly string[];
  /** Validation codes of the transactions in the order of the ledger, config and deployment left out. */
  readonly codes: readonly string[];
}

/** What no two runs have in common. */
export function normalised(said: string): string {
  return said
    .replace(/[0-9a-f]{200,}/g, '<creator>')
    .replace(/[0-9a-f]{64}/g, '<id>')
    .replace(/127\.0\.0\.1:\d+/g, '<address>')
    .replace(/BlockNum: \d+, TxNum: \d+/g, 'BlockNum: <n>, TxNum: <n>');
}

interface Endorsed {
  readonly step: Step;
  readonly transaction?: Transaction;
  readonly result: string;
}

/** Plays a script, step after step; steps that overlap are endorsed before the one before is sent. */
export async function play(consortium: ProbeConsortium, script: readonly Step[]): Promise<Played> {
  const contracts = new Map<string, Contract>();
  for (const member of members) {
    const network = consortium.gateway(member).getNetwork(consortium.channel);
    for (const chaincode of ['probe', 'any']) contracts.set(member + chaincode, network.getContract(chaincode));
  }
  const contract = ({ member, chaincode }: Pick<Step, 'member' | 'chaincode'>) => contracts.get(member + chaincode)!;
  const ledgers = members.map((member) => [member, consortium.ledger(member)] as const);
  const outcomes: string[] = [];
  const ordered: { readonly id: string; readonly label: string }[] = [];
  let waiting: Endorsed[] = [];
  let height = 0;

  /** The peers of a real network commit one after the other; a script that asks elsewhere must not notice. */
  const everywhere: Everywhere = async (wanted) => {
    for (const [member, ledger] of ledgers) {
      await until(`${member} at ${wanted}`, async () => (await ledger.height()) >= wanted, 30_000);
    }
  };

  const settle = async () => {
    for (const { step, transaction, result } of waiting) {
      const codes: number[] = [];
      if (transaction !== undefined) {
        for (let times = step.twist === 'sent twice' ? 2 : 1; times > 0; times--) {
          const status = await (await transaction.submit()).getStatus();
          codes.push(status.code);
          height = Math.max(height, Number(status.blockNumber) + 1);
        }
        ordered.push({ id: transaction.getTransactionId(), label: `${step.number}` });
      }
      outcomes.push(`${step.number} ${wordsOf(step)}: ${result}${codes.length > 0 ? ` [${codes}]` : ''}`);
    }
    waiting = [];
    await everywhere(height);
  };

  for (const step of script) {
    if (!step.overlaps) await settle();
    waiting.push(await endorse(consortium, contract(step), step, everywhere));
  }
  await settle();
  return { outcomes, ...(await readBack(consortium, contracts, ordered, height)) };
}

const wordsOf = ({ member, chaincode, operation, args, endorsers, twist, overlaps }: Step) =>
  `${member} ${chaincode}.${operation}(${args})${endorsers ? ` by ${endorsers}` : ''}${twist ? ` ${twist}` : ''}${overlaps ? ' overlapping' : ''}`;

type Everywhere = (height: number) => Promise<void>;

async function endorse(
  consortium: ProbeConsortium,
  contract: Contract,
  step: Step,
  everywhere: Everywhere,
): Promise<Endorsed> {
  const { operation, args, transient, endorsers, member, twist } = step;
  const proposal = contract.newProposal(operation, {
    arguments: [...args],
    ...(transient === undefined ? {} : { transientData: { v: transient } }),
    ...(endorsers === undefined ? {} : { endorsingOrganizations: [...endorsers] }),
  });
  if (twist === 'odd time') {
    const { key } = consortium.identity(member).signer;
    const signed = editedProposal(proposal, key, { channel: { timestamp: { seconds: 1_600_000_000, nanos: 7 } } });
    const { code, text: said } = await callRaw(
      consortium.client(member),
      '/gateway.Gateway/Evaluate',
      field(3, signed),
    );
    return { step, result: `evaluated: ${status[code]} ${normalised(said)}` };
  }
  try {
    const transaction = await proposal.endorse();
    const result = normalised(text(transaction.getResult()));
    if (twist === 'wrong signature') {
      const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
      const request = submitRequest(transaction, consortium.channel, signLowS(stranger, Buffer.from('another')));
      const { code, text: said } = await callRaw(consortium.client(member), '/gateway.Gateway/Submit', request);
      return { step, result: `${result}; sent: ${status[code]} ${normalised(said)}` };
    }
    if (twist === 'endorsed again') {
      const { blockNumber } = await (await transaction.submit()).getStatus();
      await everywhere(Number(blockNumber) + 1);
      return { step, result: `${result}; again: ${await refusal(() => proposal.endorse())}` };
    }
    return { step, transaction, result };
  } catch (error) {
    return { step, result: saidBy(error) };
  }
}

async function refusal(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
    return 'done';
  } catch (error) {
    return saidBy(error);
  }
}

/** Which other peers answered, and in which order, is the network's chance: only what was said counts, each thing once. */
function saidBy(error: unknown): string {
  if (!(error instanceof GatewayError)) throw error;
  const details = [...new Set(error.details.map(({ message }) => normalised(message)))].sort();
  return `${status[error.code]} ${normalised(error.cause.details)} | ${details.join(' | ')}`;
}

async function readBack(
  consortium: ProbeConsortium,
  contracts: ReadonlyMap<string, Contract>,
  ordered: readonly { readonly id: string; readonly label: string }[],
  height: number,
): Promise<Omit<Played, 'outcomes'>> {
  const state: string[] = [];
  const read = async (member: Member, chaincode: string, operation: string, ...args: string[]) => {
    const asked = () =>
      contracts.get(member + chaincode)!.evaluate(operation, { arguments: args, endorsingOrganizations: [member] });
    const answer = await asked().then((bytes) => normalised(text(bytes)), saidBy);
    state.push(`${member} ${chaincode}.${operation}(${args}) = ${answer}`);
  };
  for (const member of members) {
    await read(member, 'probe', 'page', 'a', 'z', '100', '');
    await read(member, 'any', 'prange', 'ab', 'a', 'z');
    for (let at = 0; at < 12; at++) {
      const key = `k${String(at).padStart(2, '0')}`;
      for (const operation of ['get', 'sbeOf', 'hist']) await read(member, 'probe', operation, key);
      for (const collection of ['ab', '_implicit_org_A', '_implicit_org_B']) {
        await read(member, 'any', 'phash', collection, key);
        await read(member, 'any', 'pget', collection, key);
      }
    }
  }
  const labels = new Map(ordered.map(({ id, label }) => [id, label]));
  const [codes, events]: [string[], string[]] = [[], []];
  for await (const block of consortium.ledger('A').blocks({ startBlock: 0 })) {
    for (const { id, validationCode, event, chaincode, kind } of block.transactions) {
      if (kind !== 'transaction' || chaincode === '_lifecycle') continue;
      codes.push(`${labels.get(id) ?? 'unlabelled'} ${chaincode} ${validationCode}`);
      if (event !== undefined) events.push(`${labels.get(id)} ${event.name} ${text(event.payload)} ${validationCode}`);
    }
    if (block.number + 1 >= height) break;
  }
  return { state, events, codes };
}
