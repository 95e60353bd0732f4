import type { ToolName } from './define.ts';
import pins from './pins.json' with { type: 'json' };

/** How one program may be had. Every version and checksum of the project stands in `pins.json`. */
export interface ToolPin {
  program: string;
  /** Names that other distributions give it. */
  other?: string[];
  minimum: string;
  /** No check and no stack needs it, so `doctor` does not ask for it. */
  testsOnly?: boolean;
  home: string;
  /** Downloaded and unpacked into the cache; apt itself verifies it against the archive's signature. */
  debian?: {
    package: string;
    path: string;
    /** The program that `path` starts with its libraries, which are unpacked as well where the machine lacks them. */
    launches?: string;
    /** A folder that these programs look for at an absolute path: see `relocate`. */
    relocate?: { programs: string[]; from: string; to: string };
  };
  wheel?: { platform: string; package: string; sha256: string; path: string };
  /** A Debian package that does not run without its dependencies. */
  install?: { package: string; path: string };
  /** The version that the project's lockfile pins goes before whatever is on PATH. */
  preferPackage?: boolean;
}

export const toolPins: Readonly<Record<ToolName, ToolPin>> = pins.tools;

export const platform = `${process.platform}-${process.arch}`;

/** Is `version` the same as `minimum` or later? Numbers only: 2.42.0+ds counts as 2.42.0. */
export function isAtLeast(version: string, minimum: string): boolean {
  const have = numbers(version);
  for (const [index, wanted] of numbers(minimum).entries()) {
    const part = have[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

function numbers(version: string): number[] {
  return (version.match(/\d+/g) ?? []).slice(0, 3).map(Number);
}
