import { join } from 'node:path';

/** Where each thing of a network lies under its directory. One place, so that no other file spells a path. */
export function layoutOf(directory: string) {
  const ofOrganization = (name: string) => {
    const home = join(directory, 'organizations', name);
    return {
      /** Its authorities, identities and public MSP lie right under it. */
      directory: home,
      gateway: join(home, 'gateway'),
      gatewayConfig: join(home, 'gateway', 'config.json'),
      organizationSecret: join(home, 'gateway', 'organization-secret'),
      /** Of the key that opens what the organization keeps on the ledger: the private half is to be taken off this machine. */
      recoveryKey: join(home, 'recovery.key'),
      recoveryPublicKey: join(home, 'recovery.pub'),
      apiKeys: join(home, 'gateway', 'api-keys.sqlite'),
      /** Real networks': one of the organization's own orderers or peers, and the chaincode service of its `at`-th peer. */
      fabricNode: (name: string) => join(home, 'fabric', name),
      chaincodeConfig: (at: number) => join(home, at === 0 ? 'chaincode' : `chaincode-${at + 1}`, 'config.json'),
      storageConfig: join(home, 'storage', 'config.json'),
      storageNode: (id: string) => join(home, 'storage', id),
      computeNode: (id: string) => join(home, 'compute', id),
      computeConfig: (id: string) => join(home, 'compute', id, 'config.json'),
      certificate: (identity: string) => join(home, 'identities', identity, 'msp', 'signcerts', 'cert.pem'),
      key: (identity: string) => join(home, 'identities', identity, 'msp', 'keystore', 'priv_sk'),
      tlsCertificate: (identity: string) => join(home, 'identities', identity, 'tls', 'cert.pem'),
      tlsKey: (identity: string) => join(home, 'identities', identity, 'tls', 'key.pem'),
      root: join(home, 'msp', 'cacerts', 'ca.pem'),
      tlsRoot: join(home, 'msp', 'tlscacerts', 'tlsca.pem'),
    };
  };
  return {
    /** What the organization of this machine shows to the others, and what they showed. */
    bundle: (name: string) => join(directory, `${name}.public.json`),
    othersBundle: (name: string) => join(directory, 'others', `${name}.public.json`),
    organizations: join(directory, 'organizations'),
    genesisBlock: (channel: string) => join(directory, 'channels', channel, 'genesis.block'),
    /** Of a channel that is joined: a config block as a member gave it, which names the orderers. */
    configBlock: (channel: string) => join(directory, 'channels', channel, 'config.block'),
    description: join(directory, 'network.json'),
    ledger: join(directory, 'ledger'),
    ledgerConfig: join(directory, 'ledger', 'config.json'),
    chaincodeConfig: join(directory, 'chaincode', 'config.json'),
    ofOrganization,
  };
}

export type Layout = ReturnType<typeof layoutOf>;
