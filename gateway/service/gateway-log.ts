import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { GatewayConfig } from '../config.ts';

/** Fields that are never written, wherever a line nests them. */
const secrets = ['authorization', 'secretKey', 'apiKey', 'token', 'key', 'privateKey', 'transient', 'plaintext', 'cek'];

/** The gateway's log: JSON lines with organization, trace and operation; secrets are blotted out. */
export function gatewayLog(
  config: Pick<GatewayConfig, 'logLevel' | 'organization'>,
  to: number | DestinationStream,
): Logger {
  const options = {
    level: config.logLevel,
    base: { organization: config.organization.name },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[secret]' },
    serializers: { err: withoutForeignParts },
  };
  return pino(options, typeof to === 'number' ? destination({ dest: to, sync: true }) : to);
}

/** An error as its own words and those of its causes: foreign errors carry requests, and those carry secrets. */
function withoutForeignParts(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack, cause } = error;
  const kind: unknown = Reflect.get(error, 'kind');
  return {
    name,
    message,
    ...(typeof kind === 'string' && { kind }),
    stack: stack?.split('\n').slice(1, 8).join('\n'),
    ...(cause !== undefined && { cause: cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause) }),
  };
}
