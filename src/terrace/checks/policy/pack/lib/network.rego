# METADATA
# title: Which addresses and ports are open
package terrace.lib.network

import rego.v1

import data.terrace.lib

# Whether a source of traffic is the whole internet, or so much of it that nobody can mean anything else: 0.0.0.0/0 and
# ::/0, the words of Azure, and blocks such as 0.0.0.0/1, of which two make the whole.
everywhere(source) if {
	is_string(source)
	lower(trim_space(source)) in {"*", "any", "internet", "0.0.0.0", "::"}
}

everywhere(source) if {
	is_string(source)
	[address, bits] := split(trim_space(source), "/")
	not regex.match(`^(?i)f[cde]`, address) # fc00::/7 and fe80::/10 are nobody's but one's own.
	to_number(bits) < _narrowest(address)
}

_narrowest(address) := 16 if contains(address, ":")

_narrowest(address) := 8 if not contains(address, ":")

# Whether one of the sources is everywhere.
open(sources) if {
	some source in lib.listed(sources)
	everywhere(source)
}

hidden(value) if value in {{"unknown": true}, {"sensitive": true}}

hidden(value) if {
	is_array(value)
	some part in value
	part in {{"unknown": true}, {"sensitive": true}}
}

# The ports that a range holds, as numbers from and to: 22, "22", "20-30", "*".
range_of(text) := {"from": 0, "to": 65535} if {
	text in {"*", "Any", "any", "0-65535"}
} else := {"from": to_number(from), "to": to_number(to)} if {
	is_string(text)
	[from, to] := split(trim_space(text), "-")
} else := {"from": to_number(text), "to": to_number(text)}

# Whether a range holds nothing but ports that settings.yaml lets be open.
harmless(range) if {
	range.from == range.to
	range.from in lib.setting("open_ports")
}
