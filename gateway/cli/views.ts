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
