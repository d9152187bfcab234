import { Problem } from '@d-cloud/gateway/cli';

/** What a gateway refuses: status and code of its problem document. Throws when it does not refuse. */
export async function refusalOf(asked: Promise<unknown>): Promise<{ readonly status: number; readonly code: string }> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof Problem) return { status: error.status, code: error.code };
    throw error;
  }
  throw new Error('this was not refused');
}
