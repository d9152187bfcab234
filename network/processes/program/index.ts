export { isFree, takePorts } from './ports.ts';
export { type NativeProgram, type RunningProgram, type StartOptions, startProgram } from './program.ts';
export { eventually } from './wait.ts';
