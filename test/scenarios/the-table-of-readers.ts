/** Who can read which version after what, written by hand: what is seen on a running network is held against it. */

/**
 * A column for each moment, a letter for each version; the third is published after the soft revoke. Thieves have every storage node's disk
 * and the key store as it was then: alone, or with what the ledger keeps for the owner now.
 */
const table = `
                                    granted  revoked  revoked  key      node      member    a version  gateway
                                             softly   hard     rotated  expelled  expelled  erased     recovered
  owner                             oo       ooo      ooo      ooo      ooo       ooo       Eoo        Eoo
  Birch, granted                    oo       ooo      ooo      ooo      ooo       ooo       Eoo        Eoo
  Birch, revoked softly             oo       RRR      RRR      RRR      RRR       RRR       ERR        ERR
  Cedar, revoked hard               oo       ooo      RRR      RRR      RRR       RRR       ERR        ERR
  Dogwood, expelled                 oo       ooo      ooo      ooo      ooo       LLL       ELL        ELL
  Cedar, with Birch’s grant         MM       MMM      MMM      MMM      MMM       MMM       EMM        EMM
  Cedar, with no grant              NN       NNN      NNN      NNN      NNN       NNN       ENN        ENN
  keys again: Birch, granted        oo       oo       oo       oo       oo        oo        Uo         Uo
  keys again: Birch, revoked softly oo       RR       RR       RR       RR        RR        UR         UR
  keys again: Cedar, revoked hard   oo       oo       RR       RR       RR        RR        UR         UR
  keys again: Dogwood, expelled     oo       oo       oo       oo       oo        RR        UR         UR
  thief of granted                  oo       oox      xxx      xxx      xxx       xxx       xxx        xxx
  thief of granted, ledger          oo       xxx      xxx      xxx      xxx       xxx       xxx        xxx
  thief of revoked softly                    ooo      xxx      xxx      xxx       xxx       xxx        xxx
  thief of revoked softly, ledger            ooo      xxx      xxx      xxx       xxx       xxx        xxx
  thief of revoked hard                               ooo      ooo      xxx       xxx       xxx        xxx
  thief of revoked hard, ledger                       ooo      ooo      ooo       xxx       xxx        xxx
`;
const moments = [
  'granted',
  'revoked softly',
  'revoked hard',
  'key rotated',
  'node expelled',
  'member expelled',
  'a version erased',
  'gateway recovered',
] as const;
export type Moment = (typeof moments)[number];
const letters: Readonly<Record<string, string>> = {
  opens: 'o',
  'stays shut': 'x',
  GRANT_REVOKED: 'R',
  GRANT_MISMATCH: 'M',
  GRANT_NOT_ISSUED: 'N',
  ORGANIZATION_LEFT: 'L',
  ERASED: 'E',
  // The key service says no more of an access whose version has no keys.
  NOT_FOUND: 'U',
};

/** What the table says of a moment: everybody to a letter for each version. */
export function saidAt(moment: Moment): Record<string, string> {
  const lines = table.split('\n').filter((line) => /^ {2}\S/.test(line));
  const said = lines.flatMap((line) => {
    const [, name, cells] = /^ {2}(.{33}) (.*)$/.exec(line)!;
    const all = cells!.trim().split(/\s+/);
    // Whoever begins to try later has the last columns.
    const cell = all[moments.indexOf(moment) - (moments.length - all.length)];
    return cell === undefined ? [] : [[name!.trim(), cell]];
  });
  if (said.length < 13) throw new Error(`the table says of ${moment} what ${said.length} come to`);
  return Object.fromEntries(said);
}

export const letterOf = (outcome: string) => letters[outcome] ?? `[${outcome}]`;
