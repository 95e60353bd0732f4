import type { UserPage, UserRow } from './users.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/** No form, no script, nothing to change: what an administrator may look at. */
export function renderUsers({ users, page, page_size: size, total_count: total }: UserPage): string {
  const more =
    page * size < total ? `<a href="?page=${page + 1}&amp;page_size=${size}" rel="next">Next</a>` : '';
  const less = page > 1 ? `<a href="?page=${page - 1}&amp;page_size=${size}" rel="prev">Previous</a>` : '';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Users</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #ccc; padding: .4rem .6rem; text-align: left; }
</style>
</head>
<body>
<main>
<h1>Users</h1>
<p>${total} users. This page is read-only.</p>
<table>
<thead><tr><th scope="col">User</th><th scope="col">Role</th><th scope="col">Active</th>
<th scope="col">Joined (UTC)</th><th scope="col">Id</th></tr></thead>
<tbody>
${users.map(renderUser).join('\n')}
</tbody>
</table>
<nav aria-label="Pages">${less} ${more}</nav>
</main>
</body>
</html>
`;
}

function renderUser(user: UserRow): string {
  const joined = user.date_joined.slice(0, 19).replace('T', ' ');
  const cells = [user.username, user.role, user.active ? 'yes' : 'no', joined, user.id];
  return `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`;
}
