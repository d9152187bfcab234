/**
 * The ports that this process takes for its networks, from the first number to before the second. Test files run side by side, and ports
 * that one network was given seconds before it listens look free to the other: each of Jest's processes has a range of its own, above
 * those of networks that commands found (supervisor/described) and below those of outgoing connections.
 */
export function ownPorts(): readonly [number, number] {
  const [lowest, ranges, size] = [24_000, 4, 2_000];
  const range = Number(process.env.JEST_WORKER_ID ?? 1) % ranges;
  return [lowest + range * size, lowest + (range + 1) * size];
}
