/** By what limits of time are multiplied where tests share a build machine with other work. */
export const slack = process.env['CI'] ? 6 : 1;
