export type { EndorsedAnswer } from '../endorsed-answer.ts';
export { type AnsweredTransaction, answeredTransaction, type VerifiedAnswer, verifyAnswer } from './answer.ts';
export { type VerifiedBlock, verifyBlock, verifyData, verifyFollows } from './block.ts';
export { blockHash, dataHash, headerBytes, parseBlock, type WholeBlock } from './block-hash.ts';
export { type ChannelConfig, type MspInConfig, readChannelConfig } from './channel-config.ts';
export { configAt, verifyConfigChain } from './config-chain.ts';
export { type Member, type MemberRole, verifyMember, verifySignature } from './member.ts';
export { type VerifiedTransaction, verifyTransaction } from './transaction.ts';
