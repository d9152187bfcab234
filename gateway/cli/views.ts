/** The members of REST answers that the command line reads. */
export type Place = { readonly block: number; readonly transaction: string };

export type DatasetView = {
  readonly id: string;
  readonly owner: string;
  readonly modality: string;
  readonly versions: number;
  readonly terms: { readonly access: string; readonly purposes: readonly string[] };
  readonly card?: { readonly title: string; readonly description: string; readonly licence: string };
  readonly ledger: Place;
};

export type VersionView = {
  readonly id: string;
  readonly dataset: string;
  readonly number: number;
  readonly rows: number;
  readonly segmentRows: readonly number[];
  readonly contentRoot: string;
  readonly warnings?: readonly string[];
  readonly ledger: Place;
};

export type GrantView = {
  readonly id: string;
  readonly dataset: string;
  readonly owner: string;
  readonly grantee: string;
  readonly state: string;
  readonly terms: {
    readonly actions: readonly string[];
    readonly purposes: readonly string[];
    readonly models: readonly string[];
    readonly executors: readonly string[];
    readonly until?: string;
  };
  /** Jobs under a grant that was just revoked. */
  readonly affected?: readonly { readonly job: string; readonly state: string; readonly outputVersion: string }[];
  readonly ledger: Place;
};

export type ModelView = {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly task: string;
  readonly dataset: string;
  readonly versions: number;
};

export type JobView = {
  readonly id: string;
  readonly requester: string;
  readonly version: string;
  readonly dataset: string;
  readonly model: string;
  readonly modelNumber: number;
  readonly purpose: string;
  readonly outputDataset: string;
  readonly outputVersion: string;
  readonly rows: number;
  readonly state: 'queued' | 'running' | 'succeeded' | 'partial' | 'failed' | 'cancelled' | 'revoked';
  readonly ledger: Place;
  readonly progress?: {
    readonly rows: number;
    readonly rowsDone: number;
    readonly rowsPerSecond: number;
    readonly secondsLeft?: number;
    readonly stage: string;
    readonly partitions: readonly {
      readonly index: number;
      readonly state: string;
      readonly failedRows?: number;
      readonly reason?: string;
      readonly transaction?: string;
    }[];
  };
  readonly whyNotScheduled?: readonly {
    readonly node: string;
    readonly organization: string;
    readonly reason: string;
  }[];
};

export type LineageView = {
  readonly version: string;
  readonly direction: string;
  readonly items: readonly {
    readonly child: string;
    readonly parent: string;
    readonly job?: string;
    readonly model?: string;
    readonly block: number;
    readonly transaction: string;
    readonly distance: number;
  }[];
  readonly versions: readonly {
    readonly id: string;
    readonly title?: string;
    readonly owner: string;
    readonly number: number;
    readonly rows: number;
    readonly ledger: Place;
  }[];
  readonly jobs: readonly {
    readonly id: string;
    readonly purpose: string;
    readonly state: string;
    readonly ledger: Place;
  }[];
  readonly models: readonly {
    readonly name: string;
    readonly title: string;
    readonly digest: string;
    readonly ledger: Place;
  }[];
};

export type Power = {
  readonly rule: string;
  readonly approve: readonly (readonly string[])[];
  readonly block: readonly (readonly string[])[];
  readonly uncounted?: string;
};

export type PolicyImpact = {
  readonly path: string;
  readonly before?: Power;
  readonly after?: Power;
  readonly changed: boolean;
};

type Sentence = { readonly code: string; readonly path: string; readonly sentence: string };

export type ChangeView = {
  readonly id: string;
  readonly channel: string;
  readonly sequence: number;
  readonly proposer: string;
  readonly summary: string;
  readonly state: string;
  readonly block?: number;
  readonly answer?: { readonly answer: string };
  readonly refusals: readonly { readonly mspId: string; readonly reason: string }[];
  readonly unreviewed?: string;
  readonly review?: {
    readonly changes: readonly {
      readonly path: string;
      readonly change: 'added' | 'removed' | 'changed';
      readonly before?: unknown;
      readonly after?: unknown;
    }[];
    readonly impact: readonly PolicyImpact[];
    readonly objections: readonly Sentence[];
    readonly cautions: readonly Sentence[];
    readonly progress: {
      readonly guards: readonly { readonly path: string; readonly satisfied: boolean }[];
      readonly signed: readonly string[];
      readonly invalid: readonly { readonly mspId: string; readonly reason: string }[];
      readonly complete: boolean;
      readonly missing: readonly (readonly string[])[];
    };
    readonly bar: { readonly signed: number; readonly needed: number | null };
  };
};
