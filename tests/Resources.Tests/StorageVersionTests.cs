using System.Text.Json.Nodes;

namespace KubeAspire.Resources.Tests;

/// <summary>Kinds that two versions share a store for: what is written in one comes back in the other, and nothing is lost on the way.</summary>
public sealed class StorageVersionTests
{
    private const string Everything =
        """
        {"metadata":{"name":"web"},"spec":{"minReplicas":2,"maxReplicas":9,"scaleTargetRef":{"kind":"Deployment","name":"web","apiVersion":"apps/v1"},
         "metrics":[
          {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":70}}},
          {"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"1Gi"}}},
          {"type":"Pods","pods":{"metric":{"name":"requests","selector":{"matchLabels":{"a":"b"}}},"target":{"type":"AverageValue","averageValue":"10"}}},
          {"type":"Object","object":{"describedObject":{"kind":"Service","name":"s"},"metric":{"name":"hits"},"target":{"type":"Value","value":"5"}}},
          {"type":"External","external":{"metric":{"name":"queue","selector":{"matchLabels":{"q":"x"}}},"target":{"type":"AverageValue","averageValue":"3"}}},
          {"type":"ContainerResource","containerResource":{"name":"cpu","container":"c","target":{"type":"Utilization","averageUtilization":40}}}],
         "behavior":{"scaleDown":{"stabilizationWindowSeconds":60,"selectPolicy":"Min","policies":[{"type":"Pods","value":1,"periodSeconds":30}]}}},
         "status":{"currentReplicas":3,"desiredReplicas":4,"conditions":[{"type":"AbleToScale","status":"True"}],
          "currentMetrics":[{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":55,"averageValue":"50m"}}}]}}
        """;

    [Fact]
    public void AnAutoscaler_KeepsWhatV1HasNoFieldFor()
    {
        var kind = KindHarness.Kind("autoscaling/v1/HorizontalPodAutoscaler");
        var shown = kind.FromStored(KindHarness.Parse(Everything));

        Assert.Equal((70, 55), ((int)shown["spec"]!["targetCPUUtilizationPercentage"]!, (int)shown["status"]!["currentCPUUtilizationPercentage"]!));
        Assert.Null(shown["spec"]!["metrics"]);
        var annotations = (JsonObject)shown["metadata"]!["annotations"]!;
        Assert.Equal(5, ((JsonArray)JsonNode.Parse((string)annotations["autoscaling.alpha.kubernetes.io/metrics"]!)!).Count);

        var back = kind.ToStored(shown);
        Assert.Null(back["metadata"]!["annotations"]);
        KindHarness.AssertSame(KindHarness.Parse(Everything), back);
    }

    [Fact]
    public void AnAutoscaler_WrittenInV1_IsMeasuredByCpu()
    {
        var kind = KindHarness.Kind("autoscaling/v1/HorizontalPodAutoscaler");
        var value = KindHarness.Defaulted(kind, """{"spec":{"maxReplicas":3,"scaleTargetRef":{"kind":"Deployment","name":"web"}}}""");

        var stored = kind.ToStored(value);

        Assert.Equal("""[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}}]""", stored["spec"]!["metrics"]!.ToJsonString());
    }

    [Fact]
    public void AnEvent_HasTwoNamesForTheSame()
    {
        const string Stored = """{"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"p"},"message":"Pulled","reportingComponent":"kubelet","reportingInstance":"node-1","source":{"component":"kubelet"},"count":3,"firstTimestamp":"2026-11-21T11:00:00Z","lastTimestamp":"2026-11-21T11:30:00Z","type":"Normal","reason":"Pulled"}""";
        var kind = KindHarness.Kind("events.k8s.io/v1/Event");

        var shown = kind.FromStored(KindHarness.Parse(Stored));

        Assert.Equal(("Pulled", "p", 3, "kubelet"), ((string)shown["note"]!, (string)shown["regarding"]!["name"]!, (int)shown["deprecatedCount"]!, (string)shown["reportingController"]!));
        Assert.Equal("30m|Normal|Pulled|pod/p||kubelet, node-1|Pulled|60m|3|e", string.Join('|', kind.Cells(KindHarness.Typed(kind, shown), KindHarness.Now)));
        KindHarness.AssertSame(KindHarness.Parse(Stored), kind.ToStored(shown));
    }

    [Theory]
    [InlineData("""{"metadata":{"namespace":"a"},"regarding":{"namespace":"a"}}""", "eventTime: Required value")]
    [InlineData("""{"metadata":{"namespace":"a"},"regarding":{"namespace":"b"},"deprecatedFirstTimestamp":"2026-11-21T11:00:00Z"}""", "regarding.namespace: Invalid value: \"b\": does not match event.namespace")]
    [InlineData("""{"metadata":{"namespace":"a"},"regarding":{"namespace":"a"},"eventTime":"2026-11-21T11:00:00Z","reportingController":"c","reportingInstance":"i","action":"a","reason":"r","type":"Normal","deprecatedCount":2}""", "deprecatedCount: Invalid value: \"\": needs to be unset")]
    public void ANewEvent_IsToldWhatIsWrong(string json, string expected) => Assert.Equal([expected], KindHarness.Create(KindHarness.Kind("events.k8s.io/v1/Event"), json));
}
