/** Why a model, a card or settings are not taken. Asking again changes nothing. */
export type ModelRefusalCode =
  | 'CARD_INVALID'
  | 'SETTINGS_INVALID'
  | 'MODEL_FILE_MISSING'
  | 'MODEL_DIGEST_MISMATCH'
  | 'ONNX_INVALID'
  | 'ONNX_FORBIDDEN'
  | 'MODEL_NOT_LOADED'
  | 'MODEL_TENSOR_MISMATCH'
  | 'MODEL_UNRUNNABLE';

/** A rule said no to a model; kind is always `invalid`. */
export class ModelRefusal extends Error {
  override readonly name = 'ModelRefusal';
  readonly kind = 'invalid';
  readonly code: ModelRefusalCode;
  readonly detail: string;

  constructor(code: ModelRefusalCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
  }
}
