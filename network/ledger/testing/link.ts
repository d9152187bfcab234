import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What a link carries: both ways; only what is asked; only what is answered; nothing, and whoever knocks is turned away. */
export type LinkState = 'whole' | 'answers lost' | 'requests lost' | 'cut';

/** A TCP link to one address, which a test takes away as networks do: cut, or silently in one direction. */
export class Link implements AsyncDisposable {
  readonly #server: Server;
  readonly #ends = new Set<Socket>();
  #state: LinkState = 'whole';

  private constructor(server: Server) {
    this.#server = server;
  }

  /** `to`: `host:port`. */
  static async open(to: string): Promise<Link> {
    const server = createServer();
    const link = new Link(server);
    const [host, port] = [to.slice(0, to.lastIndexOf(':')), Number(to.slice(to.lastIndexOf(':') + 1))];
    server.on('connection', (near) => {
      if (link.#state === 'cut') return void near.resetAndDestroy();
      const far = connect(port, host);
      link.#carry(near, far, 'requests lost');
      link.#carry(far, near, 'answers lost');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return link;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  become(state: LinkState): void {
    // A stream of which bytes were lost cannot go on: healing begins with new connections, as after a time-out.
    if (state === 'cut' || state === 'whole') for (const end of this.#ends) end.resetAndDestroy();
    this.#state = state;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) end.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #carry(from: Socket, to: Socket, losing: LinkState): void {
    this.#ends.add(from);
    from.on('data', (bytes) => this.#state !== losing && to.write(bytes));
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#ends.delete(from);
      to.destroy();
    });
  }
}
