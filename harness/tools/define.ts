/** External programs the harness can find or bring. */
export type ToolName =
  | 'node'
  | 'k6'
  | 'prometheus'
  | 'promtool'
  | 'alertmanager'
  | 'amtool'
  | 'chromium'
  | 'postgres'
  | 'redis-server'
  | 'blackbox-exporter';

/** Where a tool was found: an env variable, PATH, our cache, or brought now. */
export interface FoundTool {
  name: ToolName;
  path: string;
  version: string;
  from: 'env' | 'path' | 'cache' | 'package';
}
