/**
 * RFC 8259 JSON as the gateway takes it: `JSON.parse` keeps the last of duplicate keys, rounds big integers and recurses without bound,
 * so bodies from outside are read by this parser instead. Bounds are SECURITY T-04 and T-05.
 */
const maxDepth = 32;
const maxNodes = 10_000;
const maxStringBytes = 64 * 1024;
const maxNumberChars = 40;
const refusedKeys = new Set(['__proto__', 'constructor', 'prototype']);

/** The text is not JSON we take; `pointer` (RFC 6901) says where. */
export class JsonRefused extends Error {
  override readonly name = 'JsonRefused';
  readonly pointer: string;

  constructor(pointer: string, detail: string) {
    super(detail);
    this.pointer = pointer;
  }
}

/** Parses one JSON text into plain values. Throws `JsonRefused`. */
export function parseStrictJson(text: string): unknown {
  return new Parser(text).document();
}

export function jsonPointer(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

class Parser {
  readonly #text: string;
  readonly #path: (string | number)[] = [];
  #at = 0;
  #nodes = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#refuse('something follows the JSON value');
    return value;
  }

  #value(): unknown {
    this.#skipSpace();
    if (++this.#nodes > maxNodes) this.#refuse(`more than ${maxNodes} values`);
    if (this.#path.length > maxDepth) this.#refuse(`deeper than ${maxDepth}`);
    const char = this.#text[this.#at];
    if (char === '{') return this.#object();
    if (char === '[') return this.#array();
    if (char === '"') return this.#string();
    return this.#word();
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#at++;
    if (this.#takes('}')) return object;
    do {
      this.#skipSpace();
      if (this.#text[this.#at] !== '"') this.#refuse('a property name is expected');
      const key = this.#string();
      if (refusedKeys.has(key)) this.#refuse('this property name is not allowed');
      if (Object.hasOwn(object, key)) this.#refuse('a property is given twice');
      if (!this.#takes(':')) this.#refuse('a colon is expected');
      this.#path.push(key);
      object[key] = this.#value();
      this.#path.pop();
    } while (this.#takes(','));
    if (!this.#takes('}')) this.#refuse('the object does not end');
    return object;
  }

  #array(): unknown[] {
    const array: unknown[] = [];
    this.#at++;
    if (this.#takes(']')) return array;
    do {
      this.#path.push(array.length);
      array.push(this.#value());
      this.#path.pop();
    } while (this.#takes(','));
    if (!this.#takes(']')) this.#refuse('the array does not end');
    return array;
  }

  #string(): string {
    const start = this.#at++;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined || this.#at - start > maxStringBytes)
        this.#refuse('the string is too long or does not end');
      if (char === '\\') this.#at++;
      this.#at++;
      if (char === '"') break;
    }
    let value: unknown;
    try {
      value = JSON.parse(this.#text.slice(start, this.#at));
    } catch {
      this.#refuse('the string is not well formed');
    }
    if (typeof value !== 'string' || !value.isWellFormed()) this.#refuse('the string is not valid Unicode');
    return value;
  }

  #word(): number | boolean | null {
    const word = /[-+.\w]*/y;
    word.lastIndex = this.#at;
    const token = word.exec(this.#text)?.[0] ?? '';
    this.#at += token.length;
    if (token === 'true') return true;
    if (token === 'false') return false;
    if (token === 'null') return null;
    if (token.length > maxNumberChars) this.#refuse(`a number longer than ${maxNumberChars} characters`);
    if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(token)) this.#refuse('a JSON value is expected');
    const number = Number(token);
    if (!Number.isFinite(number) || (Number.isInteger(number) && !Number.isSafeInteger(number))) {
      this.#refuse('the number cannot be held exactly');
    }
    return number;
  }

  #takes(char: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #refuse(detail: string): never {
    throw new JsonRefused(jsonPointer(this.#path), detail);
  }
}
