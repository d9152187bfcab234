import { readKeptEntries, readKeptNames } from '../domain/index.ts';
import * as fabric from '../fabric.ts';
import { evaluate, submitPrivately } from './transaction.ts';

@fabric.Info({ title: 'key', description: "Wrapped keys in their owner's implicit private collection" })
export class KeyContract extends fabric.Contract {
  constructor() {
    super('key');
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  keep(context: fabric.Context, body: string, request: string): Promise<string> {
    return submitPrivately(context, 'key:keep', body, request, (ledger) => {
      const entries = readKeptEntries(ledger.transient('entries'));
      for (const entry of entries) ledger.keep(entry);
      return { kept: entries.length };
    });
  }

  @fabric.Transaction()
  @fabric.Returns('string')
  purge(context: fabric.Context, body: string, request: string): Promise<string> {
    return submitPrivately(context, 'key:purge', body, request, (ledger) => {
      const names = readKeptNames(ledger.transient('names'));
      for (const name of names) ledger.purge(name);
      return { purged: names.length };
    });
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  get(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'key:get', body, (ledger, { name }) => ledger.keptUnder(name));
  }

  @fabric.Transaction(false)
  @fabric.Returns('string')
  list(context: fabric.Context, body: string): Promise<string> {
    return evaluate(context, 'key:list', body, (ledger, { after }) => ledger.kept(after));
  }
}
