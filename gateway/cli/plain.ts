/** Text for a terminal. Names and reasons come from other organizations: what would move the cursor or hide text becomes a mark. */
export function plain(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
