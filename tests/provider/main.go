// A small provider for the tests of the fast lane: it uses what the plugin protocol has, and misbehaves when told to.
//
// `name` and `protocol` are set when it is built, so that one source makes several providers. PROBE in its environment
// tells it to misbehave: crash-on-plan, hang-on-plan, slow-on-create, exit-on-start.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	dschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	eschema "github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	pschema "github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	name     = "probe"
	protocol = "6"
	version  = "1.0.0"
)

func main() {
	if os.Getenv("PROBE") == "exit-on-start" {
		os.Exit(7)
	}
	number := 6
	if protocol == "5" {
		number = 5
	}
	address := "registry.terraform.io/terrace/" + name
	options := providerserver.ServeOpts{Address: address, ProtocolVersion: number}
	if err := providerserver.Serve(context.Background(), func() provider.Provider { return &probe{} }, options); err != nil {
		log.Fatal(err)
	}
}

type probe struct{ greeting string }

func (p *probe) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = name
	resp.Version = version
}

func (p *probe) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = pschema.Schema{Attributes: map[string]pschema.Attribute{
		"greeting": pschema.StringAttribute{Optional: true},
	}}
}

func (p *probe) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var greeting types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("greeting"), &greeting)...)
	p.greeting = greeting.ValueString()
	resp.ResourceData, resp.DataSourceData, resp.EphemeralResourceData = p, p, p
}

func (p *probe) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return &thing{kind: "thing"} },
		func() resource.Resource { return &thing{kind: "old_thing"} },
		func() resource.Resource { return &thing{kind: "unused"} },
	}
}

func (p *probe) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{func() datasource.DataSource { return &reading{} }}
}

func (p *probe) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{func() ephemeral.EphemeralResource { return &token{} }}
}

func (p *probe) Functions(context.Context) []func() function.Function {
	return []func() function.Function{func() function.Function { return &shout{} }}
}

// thing is a resource that lives in the state alone. Its `secret` is write-only.
type thing struct {
	kind string
	p    *probe
}

type thingModel struct {
	ID       types.String `tfsdk:"id"`
	Name     types.String `tfsdk:"name"`
	Note     types.String `tfsdk:"note"`
	Secret   types.String `tfsdk:"secret"`
	Greeting types.String `tfsdk:"greeting"`
}

func (t *thing) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = name + "_" + t.kind
}

func (t *thing) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	kept := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id":       schema.StringAttribute{Computed: true, PlanModifiers: kept},
		"name":     schema.StringAttribute{Required: true, PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()}},
		"note":     schema.StringAttribute{Optional: true},
		"secret":   schema.StringAttribute{Optional: true, WriteOnly: true},
		"greeting": schema.StringAttribute{Computed: true},
	}}
}

func (t *thing) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	t.p, _ = req.ProviderData.(*probe)
}

func (t *thing) ModifyPlan(context.Context, resource.ModifyPlanRequest, *resource.ModifyPlanResponse) {
	switch os.Getenv("PROBE") {
	case "crash-on-plan":
		panic("told to")
	case "hang-on-plan":
		time.Sleep(time.Hour)
	}
}

func (t *thing) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var model thingModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &model)...)
	if os.Getenv("PROBE") == "slow-on-create" {
		time.Sleep(2 * time.Second)
	}
	model.ID = types.StringValue("id-" + model.Name.ValueString())
	model.Greeting = types.StringValue(t.p.greeting)
	model.Secret = types.StringNull()
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

func (t *thing) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

func (t *thing) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var model thingModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &model)...)
	model.Greeting = types.StringValue(t.p.greeting)
	model.Secret = types.StringNull()
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

func (t *thing) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

func (t *thing) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), req.ID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("name"), strings.TrimPrefix(req.ID, "id-"))...)
}

func (t *thing) MoveState(ctx context.Context) []resource.StateMover {
	old := schema.Schema{Attributes: map[string]schema.Attribute{
		"id":       schema.StringAttribute{Computed: true},
		"name":     schema.StringAttribute{Required: true},
		"note":     schema.StringAttribute{Optional: true},
		"secret":   schema.StringAttribute{Optional: true, WriteOnly: true},
		"greeting": schema.StringAttribute{Computed: true},
	}}
	move := func(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
		if req.SourceState == nil || !strings.HasSuffix(req.SourceTypeName, "_old_thing") {
			return
		}
		var model thingModel
		resp.Diagnostics.Append(req.SourceState.Get(ctx, &model)...)
		resp.Diagnostics.Append(resp.TargetState.Set(ctx, &model)...)
	}
	return []resource.StateMover{{SourceSchema: &old, StateMover: move}}
}

// reading tells which process answered, and as what that was configured.
type reading struct{ p *probe }

func (r *reading) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = name + "_reading"
}

func (r *reading) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = dschema.Schema{Attributes: map[string]dschema.Attribute{
		"greeting": dschema.StringAttribute{Computed: true},
		"process":  dschema.Int64Attribute{Computed: true},
		"folder":   dschema.StringAttribute{Computed: true},
		"version":  dschema.StringAttribute{Computed: true},
		"variable": dschema.StringAttribute{Computed: true},
	}}
}

func (r *reading) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	r.p, _ = req.ProviderData.(*probe)
}

func (r *reading) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	folder, _ := os.Getwd()
	set := func(attribute string, value any) {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(attribute), value)...)
	}
	set("greeting", r.p.greeting)
	set("process", int64(os.Getpid()))
	set("folder", folder)
	set("version", version)
	set("variable", os.Getenv("PROBE_VARIABLE"))
}

// token is an ephemeral resource.
type token struct{ p *probe }

func (t *token) Metadata(_ context.Context, _ ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = name + "_token"
}

func (t *token) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = eschema.Schema{Attributes: map[string]eschema.Attribute{"value": eschema.StringAttribute{Computed: true}}}
}

func (t *token) Configure(_ context.Context, req ephemeral.ConfigureRequest, _ *ephemeral.ConfigureResponse) {
	t.p, _ = req.ProviderData.(*probe)
}

func (t *token) Open(ctx context.Context, _ ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	resp.Diagnostics.Append(resp.Result.SetAttribute(ctx, path.Root("value"), "token of "+t.p.greeting)...)
}

// shout is a provider function.
type shout struct{}

func (s *shout) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "shout"
}

func (s *shout) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:    "Says it louder",
		Parameters: []function.Parameter{function.StringParameter{Name: "text"}},
		Return:     function.StringReturn{},
	}
}

func (s *shout) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	resp.Error = function.ConcatFuncErrors(req.Arguments.Get(ctx, &text))
	resp.Error = function.ConcatFuncErrors(resp.Error, resp.Result.Set(ctx, fmt.Sprintf("%s!", strings.ToUpper(text))))
}
