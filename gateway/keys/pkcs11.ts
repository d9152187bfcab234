import { Fault } from '@d-cloud/network/ledger';
import type koffi from 'koffi';

type Koffi = typeof koffi;

/** Places in CK_FUNCTION_LIST and arguments of what is called (PKCS #11 2.40, pkcs11f.h). */
const functions = {
  C_Initialize: [0, ['void *']],
  C_Finalize: [1, ['void *']],
  C_GetSlotList: [4, ['uint8_t', '_Out_ unsigned long *', '_Inout_ unsigned long *']],
  C_GetTokenInfo: [6, ['unsigned long', 'void *']],
  C_OpenSession: [12, ['unsigned long', 'unsigned long', 'void *', 'void *', '_Out_ unsigned long *']],
  C_CloseSession: [13, ['unsigned long']],
  C_Login: [18, ['unsigned long', 'unsigned long', 'void *', 'unsigned long']],
  C_FindObjectsInit: [26, ['unsigned long', 'void *', 'unsigned long']],
  C_FindObjects: [27, ['unsigned long', '_Out_ unsigned long *', 'unsigned long', '_Out_ unsigned long *']],
  C_FindObjectsFinal: [28, ['unsigned long']],
  C_EncryptInit: [29, ['unsigned long', 'void *', 'unsigned long']],
  C_Encrypt: [30, ['unsigned long', 'void *', 'unsigned long', 'void *', '_Inout_ unsigned long *']],
  C_DecryptInit: [33, ['unsigned long', 'void *', 'unsigned long']],
  C_Decrypt: [34, ['unsigned long', 'void *', 'unsigned long', 'void *', '_Inout_ unsigned long *']],
  C_GenerateKey: [58, ['unsigned long', 'void *', 'void *', 'unsigned long', '_Out_ unsigned long *']],
} as const;
type FunctionName = keyof typeof functions;

const aesGcm = 0x1087;
const aesKeyGen = 0x1080;
const attribute = {
  class: 0x0,
  token: 0x1,
  private: 0x2,
  label: 0x3,
  keyType: 0x100,
  sensitive: 0x103,
  encrypt: 0x104,
  decrypt: 0x105,
  valueLength: 0x161,
  extractable: 0x162,
} as const;
const [yes, no] = [Buffer.from([1]), Buffer.from([0])];
const names: ReadonlyMap<number, string> = new Map([
  [0xa0, 'CKR_PIN_INCORRECT'],
  [0xa1, 'CKR_PIN_INVALID'],
  [0xa4, 'CKR_PIN_LOCKED'],
  [0x70, 'CKR_MECHANISM_INVALID'],
  [0xe2, 'CKR_TOKEN_WRITE_PROTECTED'],
]);
const mostSlots = 64;

/** One of a token's AES keys, by its handle in a session. */
export type TokenKey = { readonly handle: number };

/**
 * A user's session with one token of a PKCS #11 module, on 64-bit machines. Everything is synchronous. Faults are `misconfigured` and name
 * the call and its answer, never a PIN.
 */
export class TokenSession implements Disposable {
  readonly #koffi: Koffi;
  readonly #list: unknown;
  /** What the module is given addresses of, alive until the session ends. */
  readonly #lent: Buffer[] = [];
  #session: number | undefined;

  private constructor(koffi: Koffi, list: unknown) {
    this.#koffi = koffi;
    this.#list = list;
  }

  /** Opens a session with the token of that label and logs in once: a token locks itself after wrong PINs, so its last try is left to a person. */
  static open(koffi: Koffi, of: { module: string; tokenLabel: string; pin: string; writes: boolean }): TokenSession {
    const session = new TokenSession(koffi, functionList(koffi, of.module));
    session.#call('C_Initialize', null);
    try {
      const { slot, flags } = session.#slotOf(of.tokenLabel);
      checkTries(of.tokenLabel, flags);
      const opened = [0];
      // CKF_SERIAL_SESSION, and CKF_RW_SESSION to make a key.
      session.#call('C_OpenSession', slot, of.writes ? 6 : 4, null, null, opened);
      session.#session = opened[0];
      const pin = Buffer.from(of.pin);
      try {
        session.#call('C_Login', session.#session, 1, pin, pin.length);
      } finally {
        pin.fill(0);
      }
      return session;
    } catch (fault) {
      session[Symbol.dispose]();
      throw fault;
    }
  }

  /** The token's only AES-256 key of that label which never leaves it; nothing where there is none. */
  aesKey(label: string): TokenKey | undefined {
    const wanted = this.#attributes(aesKeyOf(label));
    this.#call('C_FindObjectsInit', this.#session, wanted.bytes, wanted.count);
    const [handles, found] = [[0, 0], [0]];
    this.#call('C_FindObjects', this.#session, handles, handles.length, found);
    this.#call('C_FindObjectsFinal', this.#session);
    if (found[0]! > 1) throw new Fault('misconfigured', `The token has more than one AES-256 key labelled ${label}.`);
    return found[0] === 0 ? undefined : { handle: handles[0]! };
  }

  /** Makes an AES-256 key in the token that never leaves it. */
  makeAesKey(label: string): void {
    const wanted = this.#attributes([
      ...aesKeyOf(label),
      [attribute.token, yes],
      [attribute.private, yes],
      [attribute.encrypt, yes],
      [attribute.decrypt, yes],
    ]);
    this.#call('C_GenerateKey', this.#session, this.#mechanism(aesKeyGen), wanted.bytes, wanted.count, [0]);
  }

  /** AES-256-GCM with a tag of 16 bytes behind the ciphertext. */
  seal({ handle }: TokenKey, iv: Uint8Array, context: Uint8Array, plain: Uint8Array): Buffer {
    this.#call('C_EncryptInit', this.#session, this.#gcm(iv, context), handle);
    return this.#output('C_Encrypt', plain);
  }

  open({ handle }: TokenKey, iv: Uint8Array, context: Uint8Array, sealed: Uint8Array): Buffer {
    this.#call('C_DecryptInit', this.#session, this.#gcm(iv, context), handle);
    return this.#output('C_Decrypt', sealed);
  }

  /** Closing its last session logs the user out; the module forgets the rest. */
  [Symbol.dispose](): void {
    if (this.#session !== undefined) this.#call('C_CloseSession', this.#session);
    this.#session = undefined;
    this.#call('C_Finalize', null);
  }

  #slotOf(tokenLabel: string): { readonly slot: number; readonly flags: bigint } {
    const [slots, count] = [new Array<number>(mostSlots).fill(0), [mostSlots]];
    this.#call('C_GetSlotList', 1, slots, count);
    const found = slots.slice(0, count[0]).flatMap((slot) => {
      // CK_TOKEN_INFO: 96 bytes of texts, the label first and padded with spaces, then the flags.
      const info = Buffer.alloc(512);
      this.#call('C_GetTokenInfo', slot, info);
      const isIt = info.toString('utf8', 0, 32).trimEnd() === tokenLabel;
      return isIt ? [{ slot, flags: info.readBigUInt64LE(96) }] : [];
    });
    const [only, another] = found;
    if (only === undefined) throw new Fault('misconfigured', `The module has no token labelled ${tokenLabel}.`);
    if (another !== undefined)
      throw new Fault('misconfigured', `The module has more than one token labelled ${tokenLabel}.`);
    return only;
  }

  #output(name: 'C_Encrypt' | 'C_Decrypt', input: Uint8Array): Buffer {
    const [output, length] = [Buffer.alloc(input.length + 64), [input.length + 64]];
    this.#call(name, this.#session, Buffer.from(input), input.length, output, length);
    return output.subarray(0, length[0]);
  }

  /** CK_ATTRIBUTE: type, address and length of the value. */
  #attributes(list: readonly Attribute[]) {
    const bytes = structure(list.flatMap(([type, value]) => [type, this.#addressOf(value), value.length]));
    return { bytes, count: list.length };
  }

  /** CK_MECHANISM with its parameter. */
  #mechanism(type: number, parameter?: Buffer): Buffer {
    return structure(parameter === undefined ? [type, 0, 0] : [type, this.#addressOf(parameter), parameter.length]);
  }

  /** CK_GCM_PARAMS: nonce, its length in bytes and in bits, additional data and its length, length of the tag in bits. */
  #gcm(iv: Uint8Array, context: Uint8Array): Buffer {
    const [nonce, bound] = [this.#addressOf(Buffer.from(iv)), this.#addressOf(Buffer.from(context))];
    return this.#mechanism(aesGcm, structure([nonce, iv.length, iv.length * 8, bound, context.length, 128]));
  }

  #addressOf(value: Buffer): bigint {
    this.#lent.push(value);
    return this.#koffi.address(value);
  }

  #call(name: FunctionName, ...values: readonly unknown[]): void {
    const [place, takes] = functions[name];
    // CK_VERSION and its padding come before the addresses.
    const at: unknown = this.#koffi.decode(this.#list, 8 + 8 * place, 'void *');
    const call = this.#koffi.decode(at, this.#koffi.proto('unsigned long', [...takes])) as (
      ...values: readonly unknown[]
    ) => number | bigint;
    const answer = Number(call(...values));
    if (answer !== 0) throw refused(name, answer);
  }
}

type Attribute = readonly [type: number, value: Buffer];

/** Of a secret key (4) that is an AES key (0x1f) of 32 bytes, can not be read and can not be taken out. */
function aesKeyOf(label: string): readonly Attribute[] {
  return [
    [attribute.class, structure([4])],
    [attribute.keyType, structure([0x1f])],
    [attribute.label, Buffer.from(label)],
    [attribute.valueLength, structure([32])],
    [attribute.sensitive, yes],
    [attribute.extractable, no],
  ];
}

/** Refuses to try a PIN where a wrong one would lock the token (CKF_USER_PIN_FINAL_TRY), or it is locked (CKF_USER_PIN_LOCKED). */
export function checkTries(tokenLabel: string, flags: bigint): void {
  if ((flags & 0x60000n) !== 0n)
    throw new Fault(
      'misconfigured',
      `One more wrong PIN locks the token ${tokenLabel}, or it is locked: log in once with its own tools first.`,
    );
}

function functionList(koffi: Koffi, module: string): unknown {
  const list: unknown[] = [null];
  try {
    const library = koffi.load(module);
    const answer = library.func('C_GetFunctionList', 'unsigned long', ['_Out_ void **'])(list);
    if (answer !== 0) throw refused('C_GetFunctionList', Number(answer));
  } catch (cause) {
    throw new Fault('misconfigured', `${module} cannot be loaded as a PKCS #11 module.`, { cause });
  }
  return list[0];
}

/** Numbers and addresses as a C structure of 64-bit members. */
function structure(members: readonly (number | bigint)[]): Buffer {
  const bytes = Buffer.alloc(8 * members.length);
  for (const [at, member] of members.entries()) bytes.writeBigUInt64LE(BigInt(member), 8 * at);
  return bytes;
}

function refused(name: string, answer: number): Fault {
  const shown = names.get(answer) ?? `0x${answer.toString(16)}`;
  return new Fault('misconfigured', `The token answered ${shown} to ${name}.`);
}
