using KubeAspire.ApiServer.Http;
using KubeAspire.ApiServer.Requests;

namespace KubeAspire.ApiServer.Tests.Http;

/// <summary>What clients send as Accept, and what they get.</summary>
public sealed class AcceptedTests
{
    private const string Table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
    private const string Metadata = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

    [Theory]
    [InlineData("", AnswerShape.Object, AnswerFormat.Json)]
    [InlineData("*/*", AnswerShape.Object, AnswerFormat.Json)]
    [InlineData("application/json, */*", AnswerShape.Object, AnswerFormat.Json)]
    [InlineData("application/vnd.kubernetes.protobuf", AnswerShape.Object, AnswerFormat.Protobuf)]
    [InlineData("application/vnd.kubernetes.protobuf,application/json", AnswerShape.Object, AnswerFormat.Protobuf)]
    [InlineData("application/json;q=0.5,application/yaml", AnswerShape.Object, AnswerFormat.Yaml)]
    [InlineData("*/*,application/yaml", AnswerShape.Object, AnswerFormat.Yaml)]
    [InlineData("application/vnd.kubernetes.protobuf;q=0.8, application/json;q=0.9", AnswerShape.Object, AnswerFormat.Json)]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", AnswerShape.Object, AnswerFormat.Json)]
    [InlineData("Application/JSON; charset=utf-8", AnswerShape.Object, AnswerFormat.Json)]
    [InlineData("application/cbor,application/json;q=0.1", AnswerShape.Object, AnswerFormat.Json)]
    [InlineData(Table, AnswerShape.Table, AnswerFormat.Json)]
    [InlineData("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json", AnswerShape.Object, AnswerFormat.Json)]
    [InlineData(Metadata, AnswerShape.Metadata, AnswerFormat.Protobuf)]
    [InlineData("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", AnswerShape.Metadata, AnswerFormat.Json)]
    [InlineData("application/json;as=Scroll;g=meta.k8s.io;v=v1,application/yaml", AnswerShape.Object, AnswerFormat.Yaml)]
    public void TheBestThatCanBeServed_IsServed(string header, AnswerShape shape, AnswerFormat format)
    {
        var accepted = Accepted.Parse(header);

        Assert.Equal((shape, format), (accepted?.Shape, accepted?.Format));
    }

    [Theory]
    [InlineData("application/cbor")]
    [InlineData("text/plain")]
    [InlineData("application/json;as=Table;v=v2;g=meta.k8s.io")]
    [InlineData("application/json;stream=watch")]
    public void WhatCannotBeServed_IsNot(string header) => Assert.Null(Accepted.Parse(header));

    [Theory]
    [InlineData("application/json;stream=watch", AnswerFormat.Json)]
    [InlineData("application/vnd.kubernetes.protobuf;stream=watch", AnswerFormat.Protobuf)]
    [InlineData("application/yaml,application/json", AnswerFormat.Json)]
    public void AWatch_HasFormatsOfItsOwn(string header, AnswerFormat format) => Assert.Equal(format, Accepted.Parse(header, watch: true)?.Format);

    [Fact]
    public void ACustomKind_HasNoProtobuf()
    {
        Assert.Null(Accepted.Parse("application/vnd.kubernetes.protobuf", protobuf: false));
        Assert.Equal(AnswerFormat.Json, Accepted.Parse("application/vnd.kubernetes.protobuf,application/json", protobuf: false)?.Format);
    }

    [Fact]
    public void AReview_HasNoTable()
    {
        var review = new RequestInfo { Verb = "create", Path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", Group = "authorization.k8s.io", Version = "v1", Resource = "selfsubjectaccessreviews", IsResource = true };

        Assert.Null(Accepted.Parse("application/json;as=Table;v=v1;g=meta.k8s.io", review));
        Assert.Equal(AnswerShape.Object, Accepted.Parse(Table, review)?.Shape);
    }
}
