using System.Net;
using System.Text;
using Guestbook.Web;

// The front end of the guestbook: pages on port 8080, entries in Redis, both found through the environment.
var builder = WebApplication.CreateSlimBuilder(args);
builder.WebHost.UseUrls("http://0.0.0.0:8080");
builder.Services.AddSingleton(new EntryStore(
    builder.Configuration["GUESTBOOK_REDIS"] ?? "redis:6379",
    builder.Configuration["GUESTBOOK_LIST"] ?? "entries"));
var app = builder.Build();
var title = builder.Configuration["GUESTBOOK_TITLE"] ?? "Guestbook";
var host = Dns.GetHostName();

app.MapGet("/", async (EntryStore store, CancellationToken cancelled) =>
    Results.Content(Page(title, host, await store.ReadAsync(cancelled)), "text/html", Encoding.UTF8));
app.MapPost("/entries", async (HttpRequest request, EntryStore store, CancellationToken cancelled) =>
{
    var text = (await request.ReadFormAsync(cancelled))["text"].ToString().Trim();
    if (text.Length is 0 or > EntryStore.MaximumLength)
    {
        return Results.BadRequest($"An entry has 1 to {EntryStore.MaximumLength} characters.");
    }

    await store.AddAsync(text, cancelled);
    return Results.Redirect("/");
});
app.MapGet("/api/entries", async (EntryStore store, CancellationToken cancelled) => Results.Json(await store.ReadAsync(cancelled)));
app.MapGet("/host", () => host);
app.MapGet("/healthz", () => "ok");
app.MapGet("/readyz", async (EntryStore store, CancellationToken cancelled) =>
    await store.AnswersAsync(cancelled) ? Results.Text("ok") : Results.StatusCode(StatusCodes.Status503ServiceUnavailable));
app.Run();

static string Page(string title, string host, IReadOnlyList<string> entries)
{
    var items = string.Concat(entries.Select(entry => $"<li>{WebUtility.HtmlEncode(entry)}</li>"));
    return $$"""
        <!doctype html>
        <html lang="en">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          <title>{{WebUtility.HtmlEncode(title)}}</title>
          <style>
            body { font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 3rem auto; padding: 0 1rem; color: #1c2333; }
            form { display: flex; gap: .5rem; margin: 1.5rem 0; }
            input { flex: 1; padding: .5rem; border: 1px solid #9aa4b8; border-radius: .4rem; font: inherit; }
            button { padding: .5rem 1rem; border: 0; border-radius: .4rem; background: #3451b2; color: #fff; font: inherit; }
            li { padding: .25rem 0; border-bottom: 1px solid #e4e8f0; list-style: none; }
            ul { padding: 0; }
            footer { margin-top: 2rem; color: #66708a; font-size: .85rem; }
          </style>
        </head>
        <body>
          <h1>{{WebUtility.HtmlEncode(title)}}</h1>
          <form method="post" action="/entries"><input name="text" maxlength="{{EntryStore.MaximumLength}}" placeholder="Say hello" required autofocus><button>Sign</button></form>
          <ul>{{items}}</ul>
          <footer>served by {{WebUtility.HtmlEncode(host)}}</footer>
        </body>
        </html>
        """;
}
