/* units: src/render/template.c src/render/template_parse.c src/render/template_tag.c src/render/template_render.c src/render/template_partials.c src/render/escape.c src/render/escape_markdown.c src/render/json_escape.c src/render/json_parse.c src/render/json_value.c */
/*-------------------------------------------------------------------------
 *
 * test_template_mustache.c
 *	  The rules of the Mustache specification, one case or more each.
 *
 * A case is named by its module and by the rule it states.  The JSON of
 * params and partials is written with apostrophes for quotes.  Memory is
 * reclaimed by contexts in the server, so here nothing is freed.
 *
 *-------------------------------------------------------------------------
 */
#include "render/template_partials.h"

#include "tap.h"

/* The columns of a case; PARTIALS may be left out. */
enum
{
	NAME,
	TEXT,
	PARAMS,
	WANT,
	PARTIALS,
	COLUMNS
};

typedef const char *const Case[COLUMNS];

const char *__lsan_default_options(void);

const char *
__lsan_default_options(void)
{
	return "detect_leaks=0";
}

static Case interpolation[] = {
	{"No Interpolation", "Buongiorno {Comune}, {} e }}!\n", "{}",
	"Buongiorno {Comune}, {} e }}!\n"},
	{"Basic Interpolation", "Gentile {{name}},", "{'name':'Ada'}", "Gentile Ada,"},
	{"No Re-interpolation", "{{a}}: {{b}}", "{'a':'{{b}}','b':'7'}", "{{b}}: 7"},
	{"HTML Escaping", "[{{x}}]", "{'x':'<b> & \\u0022c\\u0022'}",
	"[&lt;b&gt; &amp; &quot;c&quot;]"},
	{"Triple Mustache", "[{{{x}}}]", "{'x':'<b> & \\u0022c\\u0022'}",
	"[<b> & \"c\"]"},
	{"Ampersand", "[{{&x}}]", "{'x':'<b> & \\u0022c\\u0022'}", "[<b> & \"c\"]"},
	{"Basic Integer Interpolation", "{{n}} giorni", "{'n':30}", "30 giorni"},
	{"Triple Mustache Integer Interpolation", "{{{n}}} giorni", "{'n':30}",
	"30 giorni"},
	{"Ampersand Integer Interpolation", "{{&n}} giorni", "{'n':30}", "30 giorni"},
	{"Basic Decimal Interpolation", "{{n}} km", "{'n':4.25}", "4.25 km"},
	{"Triple Mustache Decimal Interpolation", "{{{n}}} km", "{'n':4.25}",
	"4.25 km"},
	{"Ampersand Decimal Interpolation", "{{&n}} km", "{'n':4.25}", "4.25 km"},
	{"Basic Null Interpolation", "<{{n}}>", "{'n':null}", "<>"},
	{"Triple Mustache Null Interpolation", "<{{{n}}}>", "{'n':null}", "<>"},
	{"Ampersand Null Interpolation", "<{{&n}}>", "{'n':null}", "<>"},
	{"Basic Context Miss Interpolation", "<{{gone}}>", "{}", "<>"},
	{"Triple Mustache Context Miss Interpolation", "<{{{gone}}}>", "{}", "<>"},
	{"Ampersand Context Miss Interpolation", "<{{&gone}}>", "{}", "<>"},
	{"Dotted Names - Basic Interpolation",
		"{{city.name}} = {{#city}}{{name}}{{/city}}", "{'city':{'name':'Bari'}}",
	"Bari = Bari"},
	{"Dotted Names - Triple Mustache Interpolation",
		"{{{city.name}}} = {{#city}}{{{name}}}{{/city}}",
	"{'city':{'name':'<Bari>'}}", "<Bari> = <Bari>"},
	{"Dotted Names - Ampersand Interpolation",
		"{{&city.name}} = {{#city}}{{&name}}{{/city}}",
	"{'city':{'name':'<Bari>'}}", "<Bari> = <Bari>"},
	{"Dotted Names - Arbitrary Depth", "{{a.b.c.d.e.f}}",
	"{'a':{'b':{'c':{'d':{'e':{'f':'deep'}}}}}}", "deep"},
	{"Dotted Names - Broken Chains", "<{{a.b.c}}>", "{'a':{}}", "<>"},
	{"Dotted Names - Broken Chain Resolution", "<{{a.b.c.name}}>",
	"{'a':{'b':{}},'c':{'name':'wrong'}}", "<>"},
	{"Dotted Names - Initial Resolution", "{{#a}}{{b.c.name}}{{/a}}",
	"{'a':{'b':{'c':{'name':'inner'}}},'b':{'c':{'name':'outer'}}}", "inner"},
	{"Dotted Names - Context Precedence", "<{{#a}}{{b.c}}{{/a}}>",
	"{'a':{'b':{}},'b':{'c':'wrong'}}", "<>"},
	{"Dotted Names are never single keys", "<{{a.b}}>", "{'a.b':'wrong'}", "<>"},
	{"Dotted Names - No Masking", "{{a.b}}", "{'a.b':'wrong','a':{'b':'right'}}",
	"right"},
	{"Dotted Names - Leading Dot",
		"<{{#a}}{{.name}}{{/a}}{{#b}}{{.name}}{{/b}}>",
	"{'a':{'x':1},'b':{'name':'own'},'name':'outer'}", "<own>"},
	{"Implicit Iterators - Basic Interpolation", "Ciao {{.}}", "'Ada'", "Ciao Ada"},
	{"Implicit Iterators - HTML Escaping", "{{.}}", "'a<b'", "a&lt;b"},
	{"Implicit Iterators - Triple Mustache", "{{{.}}}", "'a<b'", "a<b"},
	{"Implicit Iterators - Ampersand", "{{&.}}", "'a<b'", "a<b"},
	{"Implicit Iterators - Basic Integer Interpolation", "{{.}}", "118", "118"},
	{"Interpolation - Surrounding Whitespace", "( {{x}}\t)", "{'x':'+'}", "( +\t)"},
	{"Triple Mustache - Surrounding Whitespace", "( {{{x}}}\t)", "{'x':'+'}",
	"( +\t)"},
	{"Ampersand - Surrounding Whitespace", "( {{&x}}\t)", "{'x':'+'}", "( +\t)"},
	{"Interpolation - Standalone", "a\n \t{{x}} \nb", "{'x':'+'}", "a\n \t+ \nb"},
	{"Triple Mustache - Standalone", "  {{{x}}}\n", "{'x':'+'}", "  +\n"},
	{"Ampersand - Standalone", "  {{&x}}\n", "{'x':'+'}", "  +\n"},
	{"Interpolation With Padding", "|{{  x\t}}|", "{'x':'+'}", "|+|"},
	{"Triple Mustache With Padding", "|{{{ x  }}}|", "{'x':'+'}", "|+|"},
	{"Ampersand With Padding", "|{{&  x }}|", "{'x':'+'}", "|+|"},
	{"Padding may hold line ends", "|{{\n x\r\n}}|", "{'x':'+'}", "|+|"},
};

static Case sections[] = {
	{"Truthy", "<{{#on}}shown{{/on}}>", "{'on':true}", "<shown>"},
	{"Falsey", "<{{#on}}shown{{/on}}>", "{'on':false}", "<>"},
	{"Null is falsey", "<{{#on}}shown{{/on}}>", "{'on':null}", "<>"},
	{"Empty string is falsey (our choice)", "<{{#on}}shown{{/on}}>", "{'on':''}",
	"<>"},
	{"Zero is falsey in every spelling (our choice)",
		"<{{#a}}0{{/a}}{{#b}}-0{{/b}}{{#c}}0.00{{/c}}{{#d}}0e5{{/d}}{{#e}}0.01{{/e}}>",
	"{'a':0,'b':-0,'c':0.00,'d':0e5,'e':0.01}", "<0.01>"},
	{"An empty object is truthy (our choice)", "<{{#o}}shown{{/o}}>", "{'o':{}}",
	"<shown>"},
	{"Context", "{{#person}}{{name}}, {{age}}{{/person}}",
	"{'person':{'name':'Ada','age':36}}", "Ada, 36"},
	{"Parent contexts", "{{#in}}{{a}}/{{b}}/{{c.d}}{{/in}}",
	"{'a':'1','b':'out','in':{'b':'in'},'c':{'d':'3'}}", "1/in/3"},
	{"A null in the nearer context hides the outer", "<{{#in}}{{a}}{{/in}}>",
	"{'a':'outer','in':{'a':null}}", "<>"},
	{"Variable test", "{{#iban}}{{.}} ({{iban}}){{/iban}}", "{'iban':'IT60'}",
	"IT60 (IT60)"},
	{"List Contexts",
		"{{#floors}}{{#rooms}}{{building}}{{level}}{{number}} {{/rooms}}{{/floors}}",
		"{'building':'A','floors':[{'level':1,'rooms':[{'number':'x'},{'number':'y'}]},"
	"{'level':2,'rooms':[{'number':'z'}]}]}", "A1x A1y A2z "},
	{"Deeply Nested Contexts",
		"{{#a}}\n{{p}}\n{{#b}}\n{{p}}{{q}}\n{{#c}}\n{{p}}{{q}}{{r}}\n{{#s}}\n"
		"{{p}}{{q}}{{r}}{{s}}{{.}}\n{{/s}}\n{{r}}{{q}}\n{{/c}}\n{{q}}\n{{/b}}\n{{p}}\n{{/a}}\n",
		"{'a':{'p':1},'b':{'q':2},'c':{'r':3,'s':4}}",
	"1\n12\n123\n12344\n32\n2\n1\n"},
	{"List", "{{#l}}{{n}},{{/l}}", "{'l':[{'n':1},{'n':2},{'n':3}]}", "1,2,3,"},
	{"Empty List", "<{{#l}}item{{/l}}>", "{'l':[]}", "<>"},
	{"A list of falsey items is a list", "{{#l}}.{{/l}}", "{'l':[false,null,'',0]}",
	"...."},
	{"Strings Not Lists", "{{#s}}once{{/s}}", "{'s':'abc'}", "once"},
	{"Doubled", "{{#t}}\n- uno\n{{/t}}\n- {{x}}\n{{#t}}\n- tre\n{{/t}}\n",
	"{'t':true,'x':'due'}", "- uno\n- due\n- tre\n"},
	{"Nested (Truthy)", "a {{#t}}b {{#t}}c{{/t}} d{{/t}} e", "{'t':true}", "a b c d e"},
	{"Nested (Falsey)", "a {{#t}}b {{#t}}c{{/t}} d{{/t}} e", "{'t':false}", "a  e"},
	{"Context Misses", "<{{#gone}}shown{{/gone}}>", "{}", "<>"},
	{"Implicit Iterator - String", "{{#l}}<{{.}}>{{/l}}", "{'l':['x','y']}", "<x><y>"},
	{"Implicit Iterator - Integer", "{{#l}}<{{.}}>{{/l}}", "{'l':[10,20]}", "<10><20>"},
	{"Implicit Iterator - Decimal", "{{#l}}<{{.}}>{{/l}}", "{'l':[0.5,7.25]}",
	"<0.5><7.25>"},
	{"Implicit Iterator - Array", "{{#l}}({{#.}}{{.}};{{/.}}){{/l}}",
	"{'l':[[1,2],['a']]}", "(1;2;)(a;)"},
	{"Implicit Iterator - HTML Escaping", "{{#l}}{{.}} {{/l}}", "{'l':['<','&']}",
	"&lt; &amp; "},
	{"Implicit Iterator - Triple mustache", "{{#l}}{{{.}}} {{/l}}", "{'l':['<','&']}",
	"< & "},
	{"Implicit Iterator - Ampersand", "{{#l}}{{&.}} {{/l}}", "{'l':['<','&']}", "< & "},
	{"Implicit Iterator - Root-level", "{{#.}}[{{v}}]{{/.}}", "[{'v':1},{'v':2}]",
	"[1][2]"},
	{"Dotted Names - Truthy", "<{{#a.b.c}}here{{/a.b.c}}>", "{'a':{'b':{'c':true}}}",
	"<here>"},
	{"Dotted Names - Falsey", "<{{#a.b.c}}here{{/a.b.c}}>", "{'a':{'b':{'c':false}}}",
	"<>"},
	{"Dotted Names - Broken Chains", "<{{#a.b.c}}here{{/a.b.c}}>", "{'a':{}}", "<>"},
	{"Surrounding Whitespace", " > {{#t}}\t>\t{{/t}} > \n", "{'t':true}",
	" > \t>\t > \n"},
	{"Internal Whitespace", " > {{#t}} {{! kept }}\n {{/t}} > \n", "{'t':true}",
	" >  \n  > \n"},
	{"Indented Inline Sections", " {{#t}}si{{/t}}\n {{#t}}no{{/t}}\n", "{'t':true}",
	" si\n no\n"},
	{"Standalone Lines", "- in\n{{#t}}\n-\n{{/t}}\n- out\n", "{'t':true}",
	"- in\n-\n- out\n"},
	{"Indented Standalone Lines", "- in\n \t{{#t}}  \n-\n\t{{/t}}\t\n- out\n",
	"{'t':true}", "- in\n-\n- out\n"},
	{"Standalone Line Endings", "+\r\n{{#t}}\r\n{{/t}}\r\n+", "{'t':true}", "+\r\n+"},
	{"Standalone Without Previous Line", "  {{#t}}\nx{{/t}}\ny", "{'t':true}", "x\ny"},
	{"Standalone Without Newline", "x{{#t}}\ny\n  {{/t}}", "{'t':true}", "x\ny\n"},
	{"Two tags on a line are not standalone", "{{#t}}{{/t}}\nx", "{'t':true}", "\nx"},
	{"Padding", "|{{#  t }}x{{/\tt  }}|", "{'t':true}", "|x|"},
};

static Case inverted[] = {
	{"Falsey", "<{{^on}}shown{{/on}}>", "{'on':false}", "<shown>"},
	{"Truthy", "<{{^on}}shown{{/on}}>", "{'on':true}", "<>"},
	{"Null is falsey", "<{{^on}}shown{{/on}}>", "{'on':null}", "<shown>"},
	{"Truthy - Strings", "<{{^s}}shown{{/s}}>", "{'s':'x'}", "<>"},
	{"Empty string and zero are falsey (our choice)",
	"{{^s}}a{{/s}}{{^n}}b{{/n}}", "{'s':'','n':0}", "ab"},
	{"Context", "<{{^o}}shown {{n}}{{/o}}>", "{'o':{'n':1}}", "<>"},
	{"List", "<{{^l}}{{n}}{{/l}}>", "{'l':[{'n':1},{'n':2}]}", "<>"},
	{"Empty List", "<{{^l}}none{{/l}}>", "{'l':[]}", "<none>"},
	{"The context does not change", "{{#a}}{{^gone}}{{x}}{{/gone}}{{/a}}",
	"{'a':{'x':'in'},'x':'out'}", "in"},
	{"Doubled", "{{^t}}\n- uno\n{{/t}}\n- {{x}}\n{{^t}}\n- tre\n{{/t}}\n",
	"{'t':false,'x':'due'}", "- uno\n- due\n- tre\n"},
	{"Nested (Falsey)", "a {{^t}}b {{^t}}c{{/t}} d{{/t}} e", "{'t':false}",
	"a b c d e"},
	{"Nested (Truthy)", "a {{^t}}b {{^t}}c{{/t}} d{{/t}} e", "{'t':true}", "a  e"},
	{"Context Misses", "<{{^gone}}shown{{/gone}}>", "{}", "<shown>"},
	{"Dotted Names - Truthy", "<{{^a.b.c}}none{{/a.b.c}}>", "{'a':{'b':{'c':true}}}",
	"<>"},
	{"Dotted Names - Falsey", "<{{^a.b.c}}none{{/a.b.c}}>", "{'a':{'b':{'c':false}}}",
	"<none>"},
	{"Dotted Names - Broken Chains", "<{{^a.b.c}}none{{/a.b.c}}>", "{'a':{}}",
	"<none>"},
	{"Surrounding Whitespace", " > {{^t}}\t>\t{{/t}} > \n", "{'t':false}",
	" > \t>\t > \n"},
	{"Internal Whitespace", " > {{^t}} {{! kept }}\n {{/t}} > \n", "{'t':false}",
	" >  \n  > \n"},
	{"Indented Inline Sections", " {{^t}}si{{/t}}\n {{^t}}no{{/t}}\n", "{'t':false}",
	" si\n no\n"},
	{"Standalone Lines", "- in\n{{^t}}\n-\n{{/t}}\n- out\n", "{'t':false}",
	"- in\n-\n- out\n"},
	{"Standalone Indented Lines", "- in\n  {{^t}}\n-\n\t{{/t}}\n- out\n",
	"{'t':false}", "- in\n-\n- out\n"},
	{"Standalone Line Endings", "+\r\n{{^t}}\r\n{{/t}}\r\n+", "{'t':false}", "+\r\n+"},
	{"Standalone Without Previous Line", "  {{^t}}\nx{{/t}}\ny", "{'t':false}",
	"x\ny"},
	{"Standalone Without Newline", "x{{^t}}\ny\n  {{/t}}", "{'t':false}", "x\ny\n"},
	{"Padding", "|{{^  t }}x{{/\tt  }}|", "{'t':false}", "|x|"},
};

static Case comments[] = {
	{"Inline", "prima{{! nota }}dopo", "{}", "primadopo"},
	{"Multiline", "prima{{!\n una\n nota\n}}dopo\n", "{}", "primadopo\n"},
	{"Standalone", "a\n{{! nota }}\nb\n", "{}", "a\nb\n"},
	{"Indented Standalone", "a\n \t{{! nota }}\nb\n", "{}", "a\nb\n"},
	{"Standalone Line Endings", "+\r\n{{! nota }}\r\n+", "{}", "+\r\n+"},
	{"Standalone Without Previous Line", "  {{! nota }}\nx", "{}", "x"},
	{"Standalone Without Newline", "x\n  {{! nota }}", "{}", "x\n"},
	{"Multiline Standalone", "a\n{{!\nuna nota\n}}\nb\n", "{}", "a\nb\n"},
	{"Indented Multiline Standalone", "a\n  {{!\n  una nota\n  }}\nb\n", "{}",
	"a\nb\n"},
	{"Indented Inline", "  7 {{! nota }}\n", "{}", "  7 \n"},
	{"Surrounding Whitespace", "prima {{! nota }} dopo", "{}", "prima  dopo"},
	{"Variable Name Collision", "<{{! comment }}{{!comment}}>",
	"{'! comment':1,'! comment ':2,'!comment':3,'comment':4}", "<>"},
	{"A comment may hold tags and be empty", "<{{! {{#x }}{{!}}>", "{}", "<>"},
};

static Case delimiters[] = {
	{"Pair Behavior", "{{=<% %>=}}[<%x%>]", "{'x':'si'}", "[si]"},
	{"Special Characters", "{{=( )=}}[(x)]", "{'x':'si'}", "[si]"},
	{"Sections", "{{#s}}\n {{x}}\n |x|\n{{/s}}\n{{= | | =}}\n|#s|\n {{x}}\n |x|\n|/s|\n",
	"{'s':true,'x':'si'}", " si\n |x|\n {{x}}\n si\n"},
	{"Inverted Sections",
		"{{^s}}\n {{x}}\n |x|\n{{/s}}\n{{= | | =}}\n|^s|\n {{x}}\n |x|\n|/s|\n",
	"{'s':false,'x':'si'}", " si\n |x|\n {{x}}\n si\n"},
	{"Partial Inheritence", "({{>p}}) {{= | | =}}(|>p|)", "{'x':'si'}", "(si) (si)",
	"{'p':'{{x}}'}"},
	{"Post-Partial Behavior", "({{>p}}) ({{x}} |x|)", "{'x':'si'}",
	"(si  si) (si |x|)", "{'p':'{{x}} {{= | | =}} |x|'}"},
	{"Raw tags take the new delimiters", "{{=<% %>=}}<%{x}%><%&x%><%x%>",
	"{'x':'<'}", "<<&lt;"},
	{"Delimiters may change again", "{{=| |=}}|x||=<< >>=|<<x>>|x|", "{'x':'1'}",
	"11|x|"},
	{"Surrounding Whitespace", "( {{=@ @=}} )", "{}", "(  )"},
	{"Outlying Whitespace (Inline)", " ( {{=@ @=}}\n", "{}", " ( \n"},
	{"Standalone Tag", "a\n{{=@ @=}}\nb\n", "{}", "a\nb\n"},
	{"Indented Standalone Tag", "a\n \t{{=@ @=}}\nb\n", "{}", "a\nb\n"},
	{"Standalone Line Endings", "+\r\n{{= @ @ =}}\r\n+", "{}", "+\r\n+"},
	{"Standalone Without Previous Line", "  {{=@ @=}}\nx", "{}", "x"},
	{"Standalone Without Newline", "x\n  {{=@ @=}}", "{}", "x\n"},
	{"Pair with Padding", "({{=  @ \t @   =}}@x@)", "{'x':'si'}", "(si)"},
};

static Case partials[] = {
	{"Basic Behavior", "<{{>p}}>", "{}", "<testo>", "{'p':'testo'}"},
	{"Failed Lookup", "<{{>gone}}>", "{}", "<>", "{'p':'testo'}"},
	{"Context", "<{{#a}}{{>p}}{{/a}}>", "{'a':{'x':'in'},'y':'out'}", "<in out>",
	"{'p':'{{x}} {{y}}'}"},
	{"Recursion", "{{>node}}",
		"{'v':1,'kids':[{'v':2,'kids':[{'v':3,'kids':[]}]},{'v':4,'kids':[]}]}",
	"1(2(3())4())", "{'node':'{{v}}({{#kids}}{{>node}}{{/kids}})'}"},
	{"Nested", "{{>outer}}", "{'a':'ciao','b':'mondo'}", "*ciao mondo!*",
	"{'outer':'*{{a}} {{>inner}}*','inner':'{{b}}!'}"},
	{"Surrounding Whitespace", "( {{>p}} )", "{}", "( \t-\t )", "{'p':'\\t-\\t'}"},
	{"Inline Indentation", "  {{x}}  {{> p}}\n", "{'x':'-'}", "  -  +\n+\n",
	"{'p':'+\\n+'}"},
	{"Standalone Line Endings", "+\r\n{{>p}}\r\n+", "{}", "+\r\n>+", "{'p':'>'}"},
	{"Standalone Without Previous Line", "  {{>p}}\nz", "{}", "  x\n  yz",
	"{'p':'x\\ny'}"},
	{"Standalone Without Newline", "z\n  {{>p}}", "{}", "z\n  x\n  y",
	"{'p':'x\\ny'}"},
	{"Standalone Indentation", "[\n \t{{>p}}\n]\n", "{'x':'1\\n2'}",
	"[\n \t-\n \t1\n2\n \t-\n]\n", "{'p':'-\\n{{{x}}}\\n-\\n'}"},
	{"Standalone Indentation, lines that begin with a tag", "  {{>p}}\n",
		"{'x':'v','l':[1,2]}", "  v\n  12\n  1;\n  2;\n  end\n",
		"{'p':'{{x}}\\n{{#l}}{{.}}{{/l}}\\n{{#l}}\\n{{.}};\\n{{/l}}\\n{{! c }}{{! c }}end\\n'}"},
	{"Standalone Indentation, partial in partial", " {{>a}}\n", "{}",
	" 1\n   x\n   y\n 2\n", "{'a':'1\\n  {{>b}}\\n2\\n','b':'x\\ny\\n'}"},
	{"Standalone Indentation, inline partial in partial", " {{>a}}\n", "{}",
	" 1 x\ny 2\n", "{'a':'1 {{>b}} 2\\n','b':'x\\ny'}"},
	{"Failed Lookup leaves no line", "a\n  {{>gone}}\nb\n", "{}", "a\nb\n", "{}"},
	{"Padding Whitespace", "|{{>  p\t}}|", "{}", "|[]|", "{'p':'[]'}"},
};

/* JSON written with apostrophes. */
static IonValue *
json(const char *text)
{
	char	   *quoted = pstrdup(text);
	const char *error;
	IonValue   *value;

	for (char *c = quoted; *c != '\0'; c++)
	{
		if (*c == '\'')
			*c = '"';
	}
	value = ion_json_parse(quoted, strlen(quoted), &error);
	if (value == NULL)
		printf("# %s: %s\n", text, error);
	return value;
}

static const char *
render(Case *test)
{
	const IonValue *texts = (*test)[PARTIALS] ? json((*test)[PARTIALS]) : NULL;
	const char *error;
	IonPartials *set = ion_partials_create(texts, &error);
	IonTemplateError err;
	IonTemplate *tpl = ion_template_parse((*test)[TEXT], strlen((*test)[TEXT]), &err);
	StringInfoData out;

	initStringInfo(&out);
	if (tpl == NULL || set == NULL ||
		!ion_template_render(tpl, json((*test)[PARAMS]), ION_ESCAPE_HTML,
							 ion_partials_lookup, set, &out, &err))
		return set == NULL ? error : psprintf("error: %s", err.message);
	return out.data;
}

static void
run(const char *module, Case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		is_str(render(&cases[i]), cases[i][WANT],
			   psprintf("%s - %s", module, cases[i][NAME]));
}

int
main(void)
{
	run("Interpolation", interpolation, lengthof(interpolation));
	run("Sections", sections, lengthof(sections));
	run("Inverted", inverted, lengthof(inverted));
	run("Comments", comments, lengthof(comments));
	run("Delimiters", delimiters, lengthof(delimiters));
	run("Partials", partials, lengthof(partials));
	return done_testing();
}
