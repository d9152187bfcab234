/** `dcloud`: a network on this machine, and what people do with one. Same verbs as the REST interface. */
import { Command, CommanderError, Option } from 'commander';
import { addBackupCommands } from './commands/backup.ts';
import { addCertificateCommands } from './commands/cert.ts';
import { addChaincodeCommands } from './commands/chaincode.ts';
import { addChannelCommands } from './commands/channel.ts';
import { addDatasetCommands } from './commands/datasets.ts';
import { addEncryptionKeyCommands } from './commands/encryption-keys.ts';
import { addEraseCommands } from './commands/erase.ts';
import { addEvidenceCommands } from './commands/evidence.ts';
import { addGrantCommands } from './commands/grants.ts';
import { addJobCommands } from './commands/jobs.ts';
import { addKeyCommands } from './commands/keys.ts';
import { addMemberCommands } from './commands/members.ts';
import { addModelCommands } from './commands/models.ts';
import { addNetworkCommands } from './commands/network.ts';
import { addNodeCommands } from './commands/nodes.ts';
import { addOrganizationCommands } from './commands/org.ts';
import { addQuotaCommands } from './commands/quotas.ts';
import { addStorageCommands } from './commands/storage.ts';
import { failureOf } from './exit.ts';
import { Output } from './output.ts';
import { Session, type SessionOptions } from './session.ts';

// `dcloud … | head` closes the pipe when it has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const program = new Command('dcloud')
  .description('A cloud for AI data that no single company owns.')
  .addOption(
    new Option('--directory <path>', 'where the network and its data live; .dcloud where it is left out').env(
      'DCLOUD_DIRECTORY',
    ),
  )
  .addOption(new Option('--as <organization>', 'organization to act for').env('DCLOUD_ORGANIZATION'))
  .addOption(new Option('--role <role>', 'role to act in').env('DCLOUD_ROLE'))
  .option('--json', 'print the result as one JSON line, the last one')
  .configureHelp({ showGlobalOptions: true })
  .addHelpText(
    'after',
    '\nExit codes: 0 done, 1 the answer is no (asking again changes nothing), 3 something was away (try again).',
  )
  .exitOverride();

const options = () => {
  const given = program.opts<Partial<SessionOptions> & { json?: boolean }>();
  return { ...given, directory: given.directory ?? '.dcloud' };
};
const session = new Session(options, () => new Output(options().json === true));

addNetworkCommands(program, session, options);
addDatasetCommands(program, session);
addGrantCommands(program, session);
addModelCommands(program, session);
addJobCommands(program, session);
addEvidenceCommands(program, session);
addEraseCommands(program, session);
addStorageCommands(program, session);
addQuotaCommands(program, session);
addChannelCommands(program, session);
addOrganizationCommands(program, session);
addChaincodeCommands(program, session);
addCertificateCommands(program, session);
addNodeCommands(program, session);
addKeyCommands(program, session, options);
addBackupCommands(program, session, options);
addEncryptionKeyCommands(program, session, options);
addMemberCommands(program, session, options);

pointToHelp(program);

try {
  await program.parseAsync();
} catch (error) {
  const failure = failureOf(error);
  if (failure) {
    const { exitCode, ...told } = failure;
    // Commander has written its own errors and the way to the help already.
    if (!(error instanceof CommanderError))
      process.stderr.write(`dcloud: ${told.code === undefined ? '' : `${told.code}: `}${told.error}\n`);
    // A command line that could not be read may not have come to its --json.
    if (options().json || process.argv.includes('--json'))
      process.stdout.write(`${JSON.stringify({ ok: false, ...told })}\n`);
    process.exitCode = exitCode;
  }
}

/** Each command names its own help where it was mistyped. */
function pointToHelp(command: Command, before = ''): void {
  const path = `${before}${command.name()} `;
  command.showHelpAfterError(`(${path}--help shows how)`);
  for (const one of command.commands) pointToHelp(one, path);
}
