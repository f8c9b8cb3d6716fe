"""A bot on discord.py, pointed at the simulated Discord: says on stdout what it sees.

usage: client.py REST_URL GATEWAY_URL TOKEN
"""

import datetime
import sys

import discord
import yarl
from discord.gateway import DiscordWebSocket

rest, gateway, token = sys.argv[1:4]
discord.http.Route.BASE = f"{rest}/api/v10"
DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)


def say(*words):
    print(*words, flush=True)


class Bot(discord.Client):
    async def on_ready(self):
        say("ready", len(self.guilds), sum(len(guild.members) for guild in self.guilds))

    async def on_resumed(self):
        say("resumed")

    async def on_message(self, message):
        say("message", message.id)
        if message.content == "misbehave":
            answer = await message.channel.send("stop that", reference=message)
            await answer.add_reaction("\N{POLICE CARS REVOLVING LIGHT}")
            thread = await answer.create_thread(name="case")
            await thread.send("the case", embed=discord.Embed(title="what happened"))
            await message.author.timeout(datetime.timedelta(minutes=5), reason="misbehaved")
            await message.delete()
            say("moderated")

    async def on_audit_log_entry_create(self, entry):
        say("audit", entry.action.name, entry.reason)


intents = discord.Intents.all()
intents.presences = False
Bot(intents=intents).run(token)
