using KubeAspire.ApiServer.Authorization;
using KubeAspire.Resources.Rbac;

namespace KubeAspire.ApiServer.Tests.Authorization;

public sealed class RbacTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static readonly string[] s_groups = ["", "apps"];
    private static readonly string[] s_resources = ["pods", "pods/log", "deployments"];
    private static readonly string[] s_verbs = ["get", "create"];
    private static readonly string[] s_names = ["", "a", "b"];

    [Fact]
    public void Rules_AgreeWithAnOracle_OverSeededRules()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var rule = new PolicyRule
            {
                ApiGroups = Draw(random, [.. s_groups, "*"]),
                Resources = Draw(random, [.. s_resources, "*", "*/log"]),
                Verbs = Draw(random, [.. s_verbs, "*"]),
                ResourceNames = random.Next(2) == 0 ? null : Draw(random, ["a", "b"]),
            };
            foreach (var group in s_groups)
            {
                foreach (var resource in s_resources)
                {
                    foreach (var verb in s_verbs)
                    {
                        foreach (var name in s_names)
                        {
                            var question = new AccessQuestion { Group = group, Resource = resource, Verb = verb, Name = name };
                            Assert.True(Oracle(rule, question) == Rules.Allows(rule, question), $"seed {seed}: {Rules.Describe(rule)} {question}");
                        }
                    }
                }
            }
        }
    }

    [Fact]
    public void Coverage_NeverLetsARightThrough_ThatTheOwnerLacks()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var owned = new PolicyRule { ApiGroups = Draw(random, [.. s_groups, "*"]), Resources = Draw(random, [.. s_resources, "*"]), Verbs = Draw(random, [.. s_verbs, "*"]) };
            var granted = new PolicyRule { ApiGroups = Draw(random, s_groups), Resources = Draw(random, s_resources), Verbs = Draw(random, s_verbs) };
            var covered = Rules.Uncovered([owned], [granted]).Count == 0;
            var every = (from g in granted.ApiGroups from r in granted.Resources from v in granted.Verbs select new AccessQuestion { Group = g, Resource = r, Verb = v })
                .All(question => Rules.Allows(owned, question));
            Assert.True(covered == every, $"seed {seed}: {Rules.Describe(owned)} over {Rules.Describe(granted)}");
        }
    }

    [Fact]
    public async Task User_MayDo_WhatABindingGives_AndNothingElse()
    {
        var ns = await api.NamespaceAsync();
        await GrantAsync(ns, "reader", "jane", """[{"apiGroups":[""],"resources":["configmaps"],"verbs":["get","list"]}]""");
        var list = await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/configmaps", user: "jane");
        var create = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps", """{"metadata":{"name":"x"}}""", user: "jane");
        var elsewhere = await api.SendAsync("GET", "/api/v1/configmaps", user: "jane");
        var named = await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/secrets/s", user: "jane");

        Assert.Equal(200, list.Code);
        Assert.Equal(
            (403, "Forbidden", $"configmaps is forbidden: User \"jane\" cannot create resource \"configmaps\" in API group \"\" in the namespace \"{ns}\""),
            (create.Code, create.Reason, create.Message));
        Assert.Equal("configmaps is forbidden: User \"jane\" cannot list resource \"configmaps\" in API group \"\" at the cluster scope", elsewhere.Message);
        Assert.Equal($"secrets \"s\" is forbidden: User \"jane\" cannot get resource \"secrets\" in API group \"\" in the namespace \"{ns}\"", named.Message);
    }

    [Fact]
    public async Task Nobody_GrantsMoreThanTheyHave()
    {
        var ns = await api.NamespaceAsync();
        await GrantAsync(ns, "delegate", "bob", """
            [{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles","rolebindings"],"verbs":["create"]},{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]
            """);
        var path = $"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles";
        var own = await api.SendAsync("POST", path, """{"metadata":{"name":"own"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}""", user: "bob");
        var more = await api.SendAsync("POST", path, """{"metadata":{"name":"more"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get","delete"]}]}""", user: "bob");

        Assert.Equal(201, own.Code);
        Assert.Equal((403, "Forbidden"), (more.Code, more.Reason));
        Assert.Contains("is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"delete\"]}", more.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Edit_GathersTheRulesOfTheRolesItSelects()
    {
        var ns = await api.NamespaceAsync();
        var bound = await api.SendAsync("POST", $"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings", """
            {"metadata":{"name":"e"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"edit"},
             "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"ed"}]}
            """);
        Assert.Equal(201, bound.Code);
        await UntilAsync(async () => (await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/pods", user: "ed")).Code == 200);
        var created = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps", """{"metadata":{"name":"x"}}""", user: "ed");
        var role = await api.SendAsync("POST", $"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles", """{"metadata":{"name":"x"}}""", user: "ed");

        Assert.Equal((201, 403), (created.Code, role.Code));
    }

    [Fact]
    public async Task Token_IsItsAccount_AsLongAsAccountAndPodLive()
    {
        var ns = await api.NamespaceAsync();
        await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        var asked = await api.SendAsync(
            "POST", $"/api/v1/namespaces/{ns}/serviceaccounts/default/token", """{"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p"}}}""");
        var token = asked.At("status.token");
        const string Review = """{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}""";
        var who = await api.SendAsync("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", Review, user: null, bearer: token);
        await api.SendAsync("DELETE", $"/api/v1/namespaces/{ns}/pods/p?gracePeriodSeconds=0");
        var after = await api.SendAsync("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", Review, user: null, bearer: token);

        Assert.Equal(201, asked.Code);
        Assert.Equal($"system:serviceaccount:{ns}:default", who.At("status.userInfo.username"));
        Assert.Equal(401, after.Code);
    }

    private async Task GrantAsync(string ns, string name, string user, string rules)
    {
        var root = $"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}";
        Assert.Equal(201, (await api.SendAsync("POST", root + "/roles", $$$"""{"metadata":{"name":"{{{name}}}"},"rules":{{{rules}}}}""")).Code);
        Assert.Equal(201, (await api.SendAsync("POST", root + "/rolebindings", $$$"""
            {"metadata":{"name":"{{{name}}}"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"{{{name}}}"},
             "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"{{{user}}}"}]}
            """)).Code);
        await UntilAsync(() => Task.FromResult(api.Server.Index.RulesOf(Authentication.ApiUser.Named(user), ns).Any(rule => rule.ApiGroups?.Contains("") == true)));
    }

    // The index follows the store by a watch: what was written is known a moment later.
    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!await isSo())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, limit.Token);
        }
    }

    private static bool Oracle(PolicyRule rule, AccessQuestion question)
    {
        var group = rule.ApiGroups!.Contains("*") || rule.ApiGroups!.Contains(question.Group);
        var verb = rule.Verbs!.Contains("*") || rule.Verbs!.Contains(question.Verb);
        var resource = rule.Resources!.Contains("*") || rule.Resources!.Contains(question.Resource) || (question.Resource.EndsWith("/log", StringComparison.Ordinal) && rule.Resources!.Contains("*/log"));
        var name = rule.ResourceNames is null || rule.ResourceNames.Contains(question.Name);
        return group && verb && resource && name;
    }

    private static string[] Draw(Random random, string[] from) => [.. from.Where(_ => random.Next(3) == 0).DefaultIfEmpty(from[random.Next(from.Length)])];
}
