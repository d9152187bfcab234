/** `dcloud`: a network on this machine, and what people do with one. Same verbs as the REST interface. */
import { Command, Option } from 'commander';
import { addDatasetCommands, addGrantCommands, addJobCommands } from './commands/data.ts';
import { addEvidenceCommands } from './commands/evidence.ts';
import { addNetworkCommands } from './commands/network.ts';
import { Output } from './output.ts';
import { Problem } from './rest.ts';
import { Session, type SessionOptions } from './session.ts';

const program = new Command('dcloud')
  .description('A cloud for AI data that no single company owns.')
  .addOption(new Option('--directory <path>', 'where the network and its data live').env('DCLOUD_DIRECTORY'))
  .addOption(new Option('--as <organization>', 'organization to act for').env('DCLOUD_ORGANIZATION'))
  .addOption(new Option('--role <role>', 'role to act in').env('DCLOUD_ROLE'))
  .option('--json', 'print the result as one JSON line, the last one')
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('(dcloud --help shows everything)');

const options = () => {
  const given = program.opts<Partial<SessionOptions> & { json?: boolean }>();
  return { ...given, directory: given.directory ?? '.dcloud' };
};
const session = new Session(options, () => new Output(options().json === true));

addNetworkCommands(program, session, options);
addDatasetCommands(program, session);
addGrantCommands(program, session);
addJobCommands(program, session);
addEvidenceCommands(program, session);
// `dcloud run … --as birch` reads better than `dcloud --as birch run …`; commander takes global options before the command only.
for (const command of everyCommand(program)) {
  for (const option of program.options) command.addOption(new Option(option.flags, option.description).hideHelp());
  command.hook('preAction', (_, acting) => {
    for (const { attributeName } of program.options.map((option) => ({ attributeName: option.attributeName() }))) {
      const value: unknown = acting.getOptionValue(attributeName);
      if (value !== undefined && acting !== program) program.setOptionValue(attributeName, value);
    }
  });
}

function everyCommand(command: Command): Command[] {
  return command.commands.flatMap((one) => (one.commands.length > 0 ? everyCommand(one) : [one]));
}

try {
  await program.parseAsync();
} catch (error) {
  const problem = error instanceof Problem ? { code: error.code, status: error.status } : {};
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`dcloud: ${error instanceof Problem ? `${error.code}: ` : ''}${message}\n`);
  if (options().json) process.stdout.write(`${JSON.stringify({ ok: false, error: message, ...problem })}\n`);
  process.exitCode = 1;
}
