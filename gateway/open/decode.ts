/** Decodes Arrow that another organization wrote; whoever gives it bounds the time that this takes. */
export type Decode = <T>(act: () => T) => T;
