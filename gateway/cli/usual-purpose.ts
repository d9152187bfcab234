/** The purpose that commands take where none is given; a new consortium's list has it. */
export const usualPurpose = 'dpv:ResearchAndDevelopment';
