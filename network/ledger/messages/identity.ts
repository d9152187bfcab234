import { bool, bytes, bytesList, list, message, nested, string, uint } from './message.ts';

/** Fabric's `msp` messages (fabric-protos msp/*.proto): who signs, and what an organization's MSP consists of. */
export const SerializedIdentity = message({ mspId: string(1), certificate: bytes(2) });

export const OrganizationalUnit = message({ certificate: bytes(1), name: string(2) });
export const NodeOUs = message({
  enable: bool(1),
  client: nested(2, () => OrganizationalUnit),
  peer: nested(3, () => OrganizationalUnit),
  admin: nested(4, () => OrganizationalUnit),
  orderer: nested(5, () => OrganizationalUnit),
});
export const CryptoConfig = message({ signatureHashFamily: string(1), identityIdentifierHashFunction: string(2) });
export const FabricMspConfig = message({
  name: string(1),
  rootCerts: bytesList(2),
  intermediateCerts: bytesList(3),
  admins: bytesList(4),
  revocationList: bytesList(5),
  organizationalUnits: list(7, () => OrganizationalUnit),
  cryptoConfig: nested(8, () => CryptoConfig),
  tlsRootCerts: bytesList(9),
  tlsIntermediateCerts: bytesList(10),
  nodeOUs: nested(11, () => NodeOUs),
});
/** What every kind of MSP begins with. */
export const NamedMsp = message({ name: string(1) });
/** `type` 0 is the X.509 MSP, the only one whose certificates we read. */
export const MspConfig = message({ type: uint(1), config: bytes(2) });
