/** One thing that was checked, with a sentence for people: what holds, or why it does not. */
export type Check = {
  readonly name: string;
  readonly ok: boolean;
  /** It was not looked at, and is not ok, because an earlier check failed. */
  readonly skipped?: true;
  readonly sentence: string;
};

/** Something needed was not shown because an earlier check failed. */
class NotReached extends Error {}

/** Runs named checks and keeps what each said. A check that throws has failed; those that need what it would have shown fail with it. */
export class Checks {
  readonly #list: Check[] = [];

  get list(): readonly Check[] {
    return this.#list;
  }

  get ok(): boolean {
    return this.#list.length > 0 && this.#list.every(({ ok }) => ok);
  }

  /** Runs one check. It answers what it found and the sentence that says so. */
  run<T>(name: string, check: () => { readonly found: T; readonly sentence: string }): T | undefined {
    try {
      const { found, sentence } = check();
      this.#list.push({ name, ok: true, sentence });
      return found;
    } catch (error) {
      if (error instanceof NotReached)
        this.#list.push({ name, ok: false, skipped: true, sentence: 'An earlier check failed.' });
      else {
        const reason = error instanceof Error ? error.message : String(error);
        this.#list.push({ name, ok: false, sentence: `${reason}.`.replace(/\.\.$/, '.') });
      }
      return undefined;
    }
  }
}

/** What an earlier check found; ends the present one when that check failed. */
export function needed<T>(found: T | undefined): T {
  if (found === undefined) throw new NotReached();
  return found;
}

/** Ends the present check with the sentence unless the condition holds. */
export function must(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new Error(sentence);
}
