import { EndorsementInfo, StateData, StateMetadata, ValidationInfo } from '../wire/lifecycle.ts';

/** What organizations agree upon about a chaincode beside its name and sequence, as it is written and hashed. */
export interface ChaincodeParameters {
  readonly version: string;
  readonly initRequired: boolean;
  readonly endorsementPlugin: string;
  readonly validationPlugin: string;
  /** `ApplicationPolicy`. */
  readonly validationParameter: Buffer;
  /** `CollectionConfigPackage`; empty for none. */
  readonly collections: Buffer;
}

/** A chaincode as the channel has agreed upon it. */
export interface AgreedChaincode extends ChaincodeParameters {
  readonly name: string;
  readonly sequence: number;
}

/** A structure in the state: each field is a key of its own, and one key more names its type and fields. */
export interface Structure {
  readonly datatype: 'ChaincodeDefinition' | 'ChaincodeParameters' | 'ChaincodeLocalPackage';
  /** Field names with the bytes of their `StateData`. */
  readonly fields: readonly (readonly [name: string, value: Buffer])[];
}

/** Where structures lie: agreements and approvals, or which package an organization runs. */
export type StructureSpace = 'namespaces' | 'chaincode-sources';

export const metadataKey = (space: StructureSpace, name: string): string => `${space}/metadata/${name}`;
export const fieldKey = (space: StructureSpace, name: string, field: string): string =>
  `${space}/fields/${name}/${field}`;
/** Under which name an organization keeps its approval of one sequence. */
export const approvalName = (chaincode: string, sequence: number): string => `${chaincode}#${sequence}`;

export const metadataOf = ({ datatype, fields }: Structure): Buffer =>
  StateMetadata.encode({ datatype, fields: fields.map(([name]) => name) });

export function parametersStructure(parameters: ChaincodeParameters): Structure {
  const { version, initRequired, endorsementPlugin, validationPlugin, validationParameter, collections } = parameters;
  return {
    datatype: 'ChaincodeParameters',
    fields: [
      ['EndorsementInfo', bytesData(EndorsementInfo.encode({ version, initRequired, endorsementPlugin }))],
      ['ValidationInfo', bytesData(ValidationInfo.encode({ validationPlugin, validationParameter }))],
      ['Collections', bytesData(collections)],
    ],
  };
}

export function definitionStructure(agreed: AgreedChaincode): Structure {
  const { fields } = parametersStructure(agreed);
  return { datatype: 'ChaincodeDefinition', fields: [['Sequence', sequenceData(agreed.sequence)], ...fields] };
}

export const packageStructure = (packageId: string): Structure => ({
  datatype: 'ChaincodeLocalPackage',
  fields: [['PackageID', data(0x1a, Buffer.from(packageId))]],
});

const bytesData = (value: Buffer): Buffer => data(0x12, value);
const sequenceData = (sequence: number): Buffer => Buffer.concat([Buffer.from([8]), varint(sequence)]);
const data = (tag: number, value: Buffer): Buffer => Buffer.concat([Buffer.from([tag]), varint(value.length), value]);

function varint(value: number): Buffer {
  const octets: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 128);
  return Buffer.from([...octets, rest]);
}

/** The present value of a key of `_lifecycle`. */
export type ReadKey = (key: string) => Buffer | undefined;

/** The sequence in force; 0 where nothing is agreed. */
export function readSequence(read: ReadKey, chaincode: string): number {
  const value = read(fieldKey('namespaces', chaincode, 'Sequence'));
  return value === undefined ? 0 : StateData.decode(value).int64;
}

export function readParameters(read: ReadKey, name: string): ChaincodeParameters {
  const field = (named: string): Buffer =>
    StateData.decode(read(fieldKey('namespaces', name, named)) ?? Buffer.alloc(0)).bytes;
  const collections = field('Collections');
  return {
    ...EndorsementInfo.decode(field('EndorsementInfo')),
    ...ValidationInfo.decode(field('ValidationInfo')),
    collections,
  };
}

/** The agreement in force upon a chaincode, or `undefined` where there is none. */
export function readAgreed(read: ReadKey, name: string): AgreedChaincode | undefined {
  if (read(metadataKey('namespaces', name)) === undefined) return undefined;
  return { name, sequence: readSequence(read, name), ...readParameters(read, name) };
}

/** Which package an organization has approved to run; empty when none, `undefined` when it has approved nothing. */
export function readPackageId(read: ReadKey, chaincode: string, sequence: number): string | undefined {
  const value = read(fieldKey('chaincode-sources', approvalName(chaincode, sequence), 'PackageID'));
  return value === undefined ? undefined : StateData.decode(value).string;
}

/** The chaincode whose agreement a public key belongs to. */
export const chaincodeOfKey = (key: string): string | undefined =>
  /^namespaces\/(?:metadata\/([^/]+)|fields\/([^/]+)\/[^/]+)$/
    .exec(key)
    ?.slice(1)
    .find((name) => name !== undefined);
