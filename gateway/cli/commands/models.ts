import { type Command, Option } from 'commander';
import { publishModel } from '../actions/publish-model.ts';
import { table } from '../output.ts';
import { idList } from '../parse-option.ts';
import type { Session } from '../session.ts';
import { usualPurpose } from '../usual-purpose.ts';
import type { ModelView } from '../views.ts';

/** Adds `model publish|list`. */
export function addModelCommands(program: Command, session: Session): void {
  const model = program.command('model').description('publish models and see which there are');
  model
    .command('publish <folder>')
    .description('publish a model folder (card.json and the files it names)')
    .addOption(new Option('--access <who>', 'who may run it').choices(['granted', 'members']).default('members'))
    .option('--purposes <ids>', 'what it may be run for, separated by commas', idList, [usualPurpose])
    .action(async (path: string, options) => {
      const { model: made, digest } = await publishModel(await session.rest('model-owner'), session.output, {
        path,
        ...options,
      });
      session.output.result(
        { ok: true, model: made.id, digest },
        `Registered ${made.name} as ${made.id}\n  sha256 ${digest}`,
      );
    });
  model
    .command('list')
    .description('models of the consortium')
    .action(async () => {
      const items = await Array.fromAsync((await session.rest()).list<ModelView>('/models'));
      session.output.result(
        { ok: true, models: items },
        table(
          ['model', 'name', 'task', 'owner', 'versions'],
          items.map((one) => [one.id, one.name, one.task, one.owner, String(one.versions)]),
        ),
      );
    });
}
